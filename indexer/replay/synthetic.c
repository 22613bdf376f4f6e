/* Synthetic chains: made on demand, see synthetic.h. */
#include "replay/synthetic.h"

#include <string.h>

bool synthetic_is(const char *text)
{
	return !strncmp(text, "synthetic:", 10);
}

const char *synthetic_key(const char *text)
{
	return strstr(text, "kind=bttc") ? "bttc" : "root";
}
