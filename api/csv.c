/* CSV as RFC 4180 has it: comma, CR LF, fields quoted only where they must be. */
#include "api/csv.h"

#include <string.h>

static bool must_quote(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] == ',' || s[i] == '"' || s[i] == '\n' || s[i] == '\r')
			return true;
	return false;
}

void csv_field(struct buf *b, const char *s, size_t n)
{
	const char *quote;

	if (!must_quote(s, n)) {
		buf_add(b, s, n);
		return;
	}
	buf_chr(b, '"');
	while ((quote = memchr(s, '"', n))) {
		size_t k = (size_t)(quote - s) + 1;

		buf_add(b, s, k);
		buf_chr(b, '"');
		s += k;
		n -= k;
	}
	buf_add(b, s, n);
	buf_chr(b, '"');
}

void csv_end(struct buf *b)
{
	buf_add(b, "\r\n", 2);
}
