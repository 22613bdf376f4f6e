/* The start page with its script and style, and the description of the API: files in the program.
 */
#include "api/page.h"
#include "api/respond.h"
#include "api/route.h"

void get_page(struct call *c)
{
	respond_file(c, "text/html; charset=utf-8", page_index_html.p, page_index_html.n);
}

void get_page_script(struct call *c)
{
	respond_file(c, "text/javascript; charset=utf-8", page_page_js.p, page_page_js.n);
}

void get_page_style(struct call *c)
{
	respond_file(c, "text/css; charset=utf-8", page_page_css.p, page_page_css.n);
}

void get_openapi(struct call *c)
{
	respond_file(c, "application/json", page_openapi_json.p, page_openapi_json.n);
}
