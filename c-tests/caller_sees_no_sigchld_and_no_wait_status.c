/*
 * The helper process of a call is invisible to the caller's other code: a
 * SIGCHLD handler does not run, and threads that wait for any child, in every
 * way that does not ask for clones by name, get nothing during thousands of
 * calls. At the end they do get the one true child's end.
 *
 * time-limit: 60
 */
#include "caller.h"

enum { PAIRS = 2000 };

static volatile sig_atomic_t sigchld_count;
static volatile int calls_are_over;
static volatile int ends_seen;

static void on_sigchld(int signal) { (void)signal; sigchld_count++; }

/* Nothing may end a wait before the calls are over, and then only the target. */
static void check_wait(pid_t got, pid_t target)
{
	if (got == -1) {
		CHECK(errno == ECHILD || errno == EINTR);
		CHECK(calls_are_over);
		return;
	}
	if (!calls_are_over || got != target)
		fprintf(stderr, "a wait returned process %d\n", (int)got);
	CHECK(calls_are_over && got == target);
	__atomic_add_fetch(&ends_seen, 1, __ATOMIC_SEQ_CST);
}

static pid_t the_target;

static void *waits_for_any(void *options)
{
	int status;
	check_wait(waitpid(-1, &status, (int)(intptr_t)options), the_target);
	return NULL;
}

static void *waits_for_group(void *unused)
{
	int status;
	(void)unused;
	check_wait(waitpid(0, &status, WUNTRACED), the_target);
	return NULL;
}

static void *waits_by_waitid(void *unused)
{
	siginfo_t info;
	int result;
	(void)unused;
	memset(&info, 0, sizeof info);
	result = waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WCONTINUED);
	check_wait(result == 0 ? info.si_pid : -1, the_target);
	return NULL;
}

static void *asks_again_and_again(void *unused)
{
	(void)unused;
	while (!calls_are_over) {
		int status;
		pid_t got = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED);
		if (got != 0)
			check_wait(got, the_target);
		usleep(20);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	struct sigaction action = { .sa_handler = on_sigchld };
	struct peer target = consenting_peer();
	pthread_t threads[5];
	int fd = marked_memfd('c');

	the_target = target.pid;
	CHECK(sigaction(SIGCHLD, &action, NULL) == 0);
	threads[0] = thread_start(waits_for_any, (void *)0);
	threads[1] = thread_start(waits_for_any, (void *)(WUNTRACED | WCONTINUED));
	threads[2] = thread_start(waits_for_group, NULL);
	threads[3] = thread_start(waits_by_waitid, NULL);
	threads[4] = thread_start(asks_again_and_again, NULL);

	for (int i = 0; i < check_rounds(PAIRS); i++) {
		void *at;
		if (i % 4 == 3)
			CHECK_MAPS(at, mmap_peer(target.pid, NULL, check_page(), PROT_READ, MAP_SHARED, fd, 0));
		else
			CHECK_MAPS(at, mmap_peer(target.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
		CHECK_OK(munmap_peer(target.pid, at, check_page()));
		if (i % 100 == 0) {
			CHECK_MAP_FAILS(mmap_peer(target.pid, NULL, 0, READ_WRITE, PRIVATE_ANON, NOFD, 0), EINVAL);
			CHECK_UNMAP_FAILS(munmap_peer(target.pid, (void *)-(long)PAGE, SIZE_MAX), EINVAL);
		}
	}
	CHECK(sigchld_count == 0);
	CHECK(ends_seen == 0);

	calls_are_over = 1;
	CHECK(kill(target.pid, SIGKILL) == 0);
	for (size_t i = 0; i < LENGTH_OF(threads); i++)
		thread_end(threads[i]);
	CHECK(ends_seen <= 1);
	if (ends_seen == 0)
		CHECK(waitpid(target.pid, NULL, 0) == target.pid);
	CHECK(sigchld_count == 1);
	CHECK(waitpid(-1, NULL, WNOHANG | __WALL) == -1 && errno == ECHILD);
	return 0;
}
