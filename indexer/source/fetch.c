/* A single HTTP GET with libcurl's easy interface. */
#include "source/fetch.h"

#include <curl/curl.h>

static size_t take(char *p, size_t size, size_t n, void *arg)
{
	return buf_add(arg, p, size * n) ? size * n : 0;
}

enum err_kind fetch_get(const char *url, int64_t timeout_ms, struct buf *body, struct err *e)
{
	enum err_kind k = ERR_NONE;
	CURL *c = curl_easy_init();
	CURLcode rc;
	long status = 0;

	if (!c)
		return err_set(e, ERR_FATAL, "http", 0, "libcurl can not start");
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, body);
	rc = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	if (rc)
		k = err_set(e, ERR_AGAIN, "http", (int)rc, "GET %.150s: %s", url,
			curl_easy_strerror(rc));
	else if (status != 200)
		k = err_set(e, ERR_AGAIN, "http", (int)status, "GET %.150s: HTTP status %ld", url,
			status);
	curl_easy_cleanup(c);
	return k;
}
