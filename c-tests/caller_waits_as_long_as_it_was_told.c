/*
 * A target that cannot be reached (a debugger holds it; it waits for a vfork
 * child) is waited for, for MMAN_PEER_TIMEOUT_MS and without it for a second;
 * then the call says EAGAIN, and nothing was done. When the target can be
 * reached earlier, the call succeeds then.
 *
 * runs-alone
 */
#include "caller.h"

/* The call must take as long as told: not less, and not much more. */
static void measure(pid_t pid, double seconds)
{
	double begun = check_now(), took;
	CHECK_MAP_FAILS(mmap_peer(pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0), EAGAIN);
	took = (check_now() - begun) * check_slowness();	/* the library's seconds */
	if (took < seconds * 0.97 || took > seconds * 1.25 + 0.15 * check_slowness())
		fprintf(stderr, "it took %.3f s and not %.3f s\n", took, seconds);
	CHECK(took >= seconds * 0.97 && took <= seconds * 1.25 + 0.15 * check_slowness());
	CHECK(proc_status(pid, "TracerPid") != getpid());
}

static volatile int begun_call;

static void *releases_later(void *tid)
{
	await_asleep_in_call((pid_t)(intptr_t)tid, &begun_call);
	vfork_release();
	return NULL;
}

static int in_turn(double seconds)
{
	static char before[65536], after[65536];
	struct peer held = consenting_peer(), vforked = vfork_peer();
	struct peer debugger;
	pthread_t releaser;
	void *at;

	proc_text(held.pid, "maps", before, sizeof before);
	debugger = debugger_start(held.pid);
	measure(held.pid, seconds);
	peer_kill(&debugger);
	check_same_text("the target's mappings", before, proc_text(held.pid, "maps", after, sizeof after));
	CHECK_MAPS(at, mmap_peer(held.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));

	proc_text(vforked.pid, "maps", before, sizeof before);
	measure(vforked.pid, seconds);
	CHECK(proc_status(vforked.pid, "TracerPid") == 0);
	check_same_text("the target's mappings", before, proc_text(vforked.pid, "maps", after, sizeof after));
	if (seconds > 0.5) {
		releaser = thread_start(releases_later, (void *)(intptr_t)gettid());
		begun_call = 1;
		CHECK_MAPS(at, mmap_peer(vforked.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
		thread_end(releaser);
		CHECK(peer_mapped(&vforked, at));
	} else {
		vfork_release();
	}
	peer_dismiss(&vforked);
	peer_dismiss(&held);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct { const char *setting; double seconds; } tries[] = {
		{ "50", 0.05 }, { "300", 0.3 }, { NULL, 1.0 },
	};
	if (argc == 2)
		return in_turn(strtod(argv[1], NULL));
	for (size_t i = 0; i < LENGTH_OF(tries); i++) {
		int status;
		pid_t pid = fork();
		CHECK(pid != -1);
		if (pid == 0) {
			char seconds[32];
			char *again[] = { argv[0], seconds, NULL };
			snprintf(seconds, sizeof seconds, "%f", tries[i].seconds);
			if (tries[i].setting != NULL)
				setenv("MMAN_PEER_TIMEOUT_MS", tries[i].setting, 1);
			else
				unsetenv("MMAN_PEER_TIMEOUT_MS");
			execv("/proc/self/exe", again);
			_exit(1);
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	return 0;
}
