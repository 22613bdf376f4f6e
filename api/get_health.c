/* /healthz: the process answers. /metrics: all metrics of the process, for Prometheus. */
#include "api/respond.h"
#include "api/route.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/metric.h"

void get_healthz(struct call *c)
{
	struct jw w;

	buf_clear(&c->api->body);
	jw_init(&w, &c->api->body);
	jw_obj(&w);
	jw_key(&w, "status");
	jw_str(&w, "ok");
	jw_key(&w, "version");
	jw_str(&w, BTTC_VERSION);
	jw_key(&w, "uptime_seconds");
	jw_u64(&w, (clock_ms() - c->api->started_ms) / 1000);
	jw_obj_end(&w);
	respond_json(c, 200, NULL);
}

void get_metrics(struct call *c)
{
	struct buf *b = &c->api->body;

	buf_clear(b);
	metric_format(b);
	respond_text(c, 200, "text/plain; version=0.0.4; charset=utf-8", b->p, b->n);
}
