/*
 * Callers that connect and say nothing, or never take their answers, hold up
 * nobody: there is a bound, and who has been silent for longest makes room.
 */
#include "caller.h"
#include "service.h"

int main(void)
{
	struct peer target = serving_peer();
	struct order nothing = order_of(ORDER_NOTHING);
	enum { MANY = 400 };
	int silent[MANY], deaf;

	for (int i = 0; i < MANY; i++) {
		silent[i] = service_connect(target.pid);
		CHECK(silent[i] != -1);
	}
	deaf = service_connect(target.pid);
	CHECK(deaf != -1);
	while (send(deaf, &nothing, sizeof nothing, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof nothing)
		;
	for (int i = 0; i < check_rounds(200); i++)
		use_service(&target);
	for (int i = 0; i < MANY; i++)
		close(silent[i]);
	close(deaf);
	use_service(&target);
	peer_dismiss(&target);
	return 0;
}
