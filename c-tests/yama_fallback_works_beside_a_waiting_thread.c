/*
 * When the caller itself traces (Yama's scope 1), the kernel may report
 * the target's stops to another thread that waits for any child. The calls
 * need no such report: they succeed, and none hangs.
 *
 * time-limit: 40
 */
#include "yama.h"

static struct peer target;
static int fd;
static volatile int calls_are_over;

static void prepare(void)
{
	fd = marked_memfd('W');
	target = peer_start(obedient_body);
}

static void *waits(void *unused)
{
	int status;
	pid_t got;
	(void)unused;
	do {
		got = waitpid(-1, &status, WUNTRACED | WCONTINUED);
		CHECK(got == target.pid || (got == -1 && calls_are_over));
	} while (got != -1 && !WIFEXITED(status) && !WIFSIGNALED(status));
	CHECK(got == -1 || (calls_are_over && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
	return NULL;
}

static void run(void)
{
	pthread_t waiter = thread_start(waits, NULL);
	for (int i = 0; i < check_rounds(200); i++) {
		void *at;
		CHECK_MAPS(at, mmap_peer(target.pid, NULL, check_page(), READ_WRITE,
			i % 2 ? MAP_SHARED : PRIVATE_ANON, i % 2 ? fd : NOFD, 0));
		CHECK_OK(munmap_peer(target.pid, at, check_page()));
	}
	calls_are_over = 1;
	CHECK(kill(target.pid, SIGKILL) == 0);
	thread_end(waiter);
}

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	under_yama(yama_scope_1, prepare, run);
	CHECK(yama_refusals > 0 && yama_grants > 0);
	return 0;
}
