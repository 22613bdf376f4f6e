#ifndef API_PAGE_H
#define API_PAGE_H

#include <stddef.h>

/** Files that are part of the program; made by api/page/embed.cmake. */
struct page_file {
	const unsigned char *p;
	size_t n;
};

extern const struct page_file page_index_html, page_page_js, page_page_css, page_openapi_json;

#endif
