/*
 * When the caller itself traces (Yama's scope 1) and the target, a
 * child of the application, ends meanwhile, the application's own wait still
 * gets how it ended: the exit status, or the signal. The call says ESRCH.
 *
 * time-limit: 40
 */
#include "killer.h"
#include "yama.h"

enum { TARGETS = 80 };

static struct peer targets[TARGETS], killer;

static int ends_soon(int channel)
{
	uintptr_t rounds = hear_word(channel);
	if (rounds == 0)
		return sleep_for_ever();
	spin((unsigned)rounds);
	return 42;
}

static void prepare(void)
{
	for (int i = 0; i < check_rounds(TARGETS); i++)
		targets[i] = peer_start(ends_soon);
	killer = peer_start(killer_body);
}

static void run(void)
{
	int done = 0;
	for (int i = 0; i < check_rounds(TARGETS); i++) {
		pid_t pid = targets[i].pid;
		int status, killed = i % 2 == 0;
		/* A little later each; much later while on a busy machine all were gone at once. */
		unsigned place = (unsigned)(i * (TARGETS / check_rounds(TARGETS)));
		unsigned rounds = (place * 20000 << (done > 0 ? 0 : place / 12)) + 1;
		rounds *= (unsigned)(check_slowness() * check_slowness());
		void *at;
		CHECK_MAPS(at, mmap_peer(pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
		tell_word(targets[i].channel, killed ? 0 : rounds);
		if (killed)
			killer_order(&killer, pid, rounds);
		do {
			errno = 0;
			at = mmap_peer(pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0);
			done += at != MAP_FAILED;
		} while (at != MAP_FAILED);
		if (errno != ESRCH)
			fprintf(stderr, "errno %d: %s\n", errno, mman_peer_explain());
		CHECK(errno == ESRCH);
		CHECK(waitpid(pid, &status, 0) == pid);
		if (killed)
			CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		else
			CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	}
	CHECK(done > 0);
	killer_dismiss(&killer);
	CHECK(waitpid(-1, NULL, WNOHANG | __WALL) == -1 && errno == ECHILD);
}

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	under_yama(yama_scope_1, prepare, run);
	CHECK(yama_refusals > 0 && yama_grants > 0);
	return 0;
}
