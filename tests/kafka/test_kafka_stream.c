/* The Kafka body does what every body of the stream does; on a real broker. */
#include "kafka/kafka_env.h"

int main(void)
{
	const struct CMUnitTest tests[] = {CF_TESTS};

	if (!ke_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
