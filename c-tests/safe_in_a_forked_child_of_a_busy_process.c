/*
 * A process that forks while its other threads are in calls has children that
 * can call at once: nothing of the library's was copied half changed. The
 * parent's calls go on.
 *
 * time-limit: 40
 */
#include "caller.h"

enum { THREADS = 4, FORKS = 60 };

static struct peer target;
static int memfd;
static volatile int forks_are_over;

static void pair(int flags, int fd)
{
	void *at;
	CHECK_MAPS(at, mmap_peer(target.pid, NULL, check_page(), READ_WRITE, flags, fd, 0));
	CHECK_OK(munmap_peer(target.pid, at, check_page()));
}

static void *busy(void *unused)
{
	(void)unused;
	while (!forks_are_over) {
		pair(PRIVATE_ANON, NOFD);
		pair(MAP_SHARED, memfd);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	pthread_t threads[THREADS];

	memfd = marked_memfd('f');
	target = consenting_peer();
	for (int i = 0; i < THREADS; i++)
		threads[i] = thread_start(busy, NULL);
	for (int i = 0; i < check_rounds(FORKS); i++) {
		int status;
		pid_t child = fork();
		CHECK(child != -1);
		if (child == 0) {
			/* No helper of the parent's is a child of this process. */
			CHECK(waitpid(-1, NULL, WNOHANG | __WALL) == -1 && errno == ECHILD);
			pair(PRIVATE_ANON, NOFD);
			pair(MAP_SHARED, memfd);
			CHECK_MAP_FAILS(mmap_peer(target.pid, NULL, 0, PROT_READ, PRIVATE_ANON, NOFD, 0), EINVAL);
			_exit(0);
		}
		CHECK(waitpid(child, &status, 0) == child);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	forks_are_over = 1;
	for (int i = 0; i < THREADS; i++)
		thread_end(threads[i]);
	peer_dismiss(&target);
	return 0;
}
