/* time-limit: 60
 * Callers are killed at any moment of a call that moves memory: the process
 * whose memory it is computes on, loses no store, and has nothing left in it. */
#include "utek.h"

enum { PAGES = 512, CALLERS = 60 };
struct counts { volatile unsigned long a; char apart[8192]; volatile unsigned long b; };
static struct counts *counts;

static void *counts_on(void *unused)
{
	for (;;) {
		counts->a++;
		counts->b++;
		if (counts->a != counts->b)
			abort();
	}
	return unused;
}

static int counting_body(int channel)
{
	pthread_t t;
	CHECK(pthread_create(&t, NULL, counts_on, NULL) == 0);
	return obedient_body(channel);
}

int main(void)
{
	size_t len = PAGES * check_page();
	counts = (struct counts *)utek_memory(len, 0);
	memset(counts, 0, sizeof *counts);
	int killed = 0;
	for (int round = 0; round < 3; round++) {
		struct peer p = peer_start(counting_body);
		CHECK(peer_mapped(&p, counts) == 1); /* it has come to its work */
		int before = utek_open_descriptors(p.pid);
		for (int i = 0; i < check_rounds(CALLERS / 3); i++) {
			unsigned char *room = utek_room(len);
			fflush(NULL);
			pid_t caller = fork();
			CHECK(caller != -1);
			if (caller == 0) {
				for (;;) {
					if (utek_call(p.pid, counts, room, len, RW_SELF, i % 4 == 3 ? PRIVATE : SHARED) == 0)
						munmap(room, len);
				}
			}
			usleep(300 + 900 * (unsigned)(i * 7 % 20));
			kill(caller, SIGKILL);
			CHECK(waitpid(caller, NULL, 0) == caller);
			killed++;
			/* It counts: it runs. What a helper still does ends by itself. */
			CHECK(peer_mapped(&p, counts) == 1);
		}
		double give_up = check_now() + 10;
		while (utek_open_descriptors(p.pid) != before)
			CHECK(check_now() < give_up);
		peer_dismiss(&p);
	}
	CHECK(killed == 3 * check_rounds(CALLERS / 3));
	return 0;
}
