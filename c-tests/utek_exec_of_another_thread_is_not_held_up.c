/* time-limit: 40
 * A process with several threads execs again and again while its memory is
 * mapped: the exec waits for the threads that it ends, attaching to a thread waits
 * for the exec, and neither may wait for ever. */
#include "utek.h"

enum { THREADS = 6, EXECS = 40 };

static void *computes(void *unused) { for (volatile unsigned long i = 0;; i++) ; return unused; }
static void *waits(void *unused) { for (;;) pause(); return unused; }
static void *execs(void *arguments)
{
	execv("/proc/self/exe", arguments);
	_exit(2);
}

/* argv: the place of the memory, how many execs are left. */
static int execing(char **argv)
{
	unsigned char *at = (unsigned char *)strtoul(argv[1], NULL, 16);
	int left = atoi(argv[2]);
	char left_text[16];
	pthread_t t;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CHECK(mmap(at, check_page(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == at);
	*at = 42;
	if (left == 0)
		return 0;
	/* An emulated machine does not bring so many that compute to stand still (lab/not-here). */
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t, NULL, i < check_fewer(THREADS) ? computes : waits, NULL) == 0);
	/* Long enough for a call to come in between, and too short for others; some wait for one. */
	if (left % 7 == 6)
		AWAIT(*(volatile unsigned char *)at == 43);
	else
		usleep(1000 * (unsigned)(left % 7) * (unsigned)(check_slowness() * check_slowness()));
	snprintf(left_text, sizeof left_text, "%d", left - 1);
	char *again[] = { argv[0], argv[1], left_text, NULL };
	CHECK(pthread_create(&t, NULL, execs, again) == 0);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	if (argc > 2)
		return execing(argv);
	/* Where no layout of a program puts anything: on aarch64 one in a hundred execs finds
	 * a place among the mappings taken (CONFIG_ARCH_MMAP_RND_BITS is 18). */
	unsigned char *at = (unsigned char *)0x10000000;
	char place[32];
	int status, mapped = 0;
	snprintf(place, sizeof place, "%lx", (unsigned long)at);
	pid_t child = fork();
	CHECK(child != -1);
	if (child == 0) {
		char count[16];
		snprintf(count, sizeof count, "%d", check_fewer(EXECS));
		execl("/proc/self/exe", argv[0], place, count, NULL);
		_exit(2);
	}
	unsigned char *room = utek_room(check_page());
	double slowest = 0;
	while (waitpid(child, &status, WNOHANG) == 0) {
		double began = check_now();
		int done = utek_call(child, at, room, check_page(), RW_SELF, SHARED);
		double took = check_now() - began;
		slowest = took > slowest ? took : slowest;
		if (done == 0) {
			mapped++;
			*room = 43;
			CHECK(munmap(room, check_page()) == 0);
		} else {
			/* Gone, not mapped yet, in the middle of its exec. */
			CHECK(errno == ESRCH || errno == EMRANGE || errno == EAGAIN || errno == EPERM || errno == ENOTSUP);
			CHECK(!utek_is_mapped(room));
		}
	}
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	/* A deadline of a second, and what a loaded machine adds. */
	CHECK(slowest < 8);
	CHECK(mapped >= check_fewer(EXECS) / 7);
	return 0;
}
