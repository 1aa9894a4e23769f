/*
 * A thread of a target executes the program anew, again and again, which ends
 * all others: also the one that a mapping is made through, while it is held.
 * The first thread waits in an epoll instance, or has ended. Mappings and the
 * exec do not wait for each other: each call ends, and so does the exec.
 *
 * time-limit: 60
 */
#include "disturb.h"
#include <sys/epoll.h>

/* No image of the target has anything here, so that no pair hurts a later one. */
#define PLACE ((void *)0x20000000)

struct progress { atomic_ulong execs; atomic_int dismissed; pid_t tester; };
enum { WAITS, HAS_ENDED, VARIANTS };

static void *exec_again(void *argv)
{
	usleep(300);
	/* Of this thread: the first one may have no program any more. */
	execv("/proc/thread-self/exe", argv);
	_exit(1);
}

static void *sleeper(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/* As the target: argv[2] is the descriptor of the shared progress, argv[3] the variant. */
static void one_image(int fd, int variant, char **argv)
{
	struct progress *shared;
	struct epoll_event e;
	pthread_t threads[2];
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(shared != MAP_FAILED && epoll != -1);
	shared->execs++;
	/* Without its tester it would go on for ever. */
	if (shared->dismissed || getppid() != shared->tester)
		_exit(0);
	CHECK(pthread_create(&threads[0], NULL, sleeper, NULL) == 0);
	CHECK(pthread_create(&threads[1], NULL, exec_again, argv) == 0);
	if (variant == HAS_ENDED)
		syscall(SYS_exit, 0);
	for (;;)
		epoll_wait(epoll, &e, 1, 10000);
}

static void test(int variant, char *name)
{
	struct progress *shared;
	char numbers[2][16], *again[] = { name, "target", numbers[0], numbers[1], NULL };
	int fd, status, pairs, object = an_object();
	pid_t pid, parent = getpid();
	unsigned long execs;
	double end;
	void *m;
	CHECK((fd = memfd_create("progress", 0)) != -1 && ftruncate(fd, PAGE) == 0);
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(shared != MAP_FAILED);
	shared->tester = parent;
	snprintf(numbers[0], sizeof numbers[0], "%d", fd);
	snprintf(numbers[1], sizeof numbers[1], "%d", variant);
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		execv("/proc/self/exe", again);
		_exit(1);
	}
	AWAIT(shared->execs > 10);
	execs = shared->execs;
	end = check_now() + check_span(5);
	for (pairs = 0; check_now() < end; pairs++) {
		if (pairs % 2)
			CHECK_MAPS(m, mmap_peer(pid, PLACE, check_page(), PROT_READ, MAP_SHARED | MAP_FIXED, object, 0));
		else
			CHECK_MAPS(m, mmap_peer(pid, PLACE, check_page(), PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_FIXED, NOFD, 0));
		CHECK(m == PLACE);
		CHECK_OK(munmap_peer(pid, PLACE, check_page()));
	}
	execs = shared->execs - execs;
	fprintf(stderr, "%d pairs, %lu execs\n", pairs, execs);
	CHECK(execs > 0);
	shared->dismissed = 1;
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(fd);
	close(object);
}

int main(int argc, char **argv)
{
	int variant;
	if (argc == 4)
		one_image(atoi(argv[2]), atoi(argv[3]), argv);
	for (variant = 0; variant < VARIANTS; variant++)
		test(variant, argv[0]);
	return 0;
}
