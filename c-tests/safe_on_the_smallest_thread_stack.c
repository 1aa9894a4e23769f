/*
 * A thread with a stack of PTHREAD_STACK_MIN bytes, all that a thread may be
 * asked to do with, can make every call. Nothing is mapped below the stack.
 */
#include "caller.h"
#include <limits.h>

static struct peer target;
static int memfd;

static void *calls(void *unused)
{
	size_t page = check_page();
	void *at;
	(void)unused;
	for (int i = 0; i < check_rounds(20); i++) {
		CHECK_MAPS(at, mmap_peer(target.pid, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0));
		CHECK_OK(munmap_peer(target.pid, at, page));
		CHECK_MAPS(at, mmap_peer(target.pid, NULL, page, READ_WRITE, MAP_SHARED, memfd, 0));
		CHECK_OK(munmap_peer(target.pid, at, page));
		CHECK_MAPS(at, mmap_peer(getpid(), NULL, page, READ_WRITE, MAP_SHARED, memfd, 0));
		CHECK_OK(munmap_peer(getpid(), at, page));
		CHECK_MAP_FAILS(mmap_peer(target.pid, NULL, 0, READ_WRITE, PRIVATE_ANON, NOFD, 0), EINVAL);
		CHECK_MAP_FAILS(mmap_peer(-1, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0), ESRCH);
	}
	return "done";
}

/* MMAN_PEER_DEBUG=1 writes its line from this stack, too. */
int main(int argc, char **argv)
{
	size_t size = (size_t)PTHREAD_STACK_MIN;        /* in new glibc sysconf(_SC_THREAD_STACK_MIN) */
	pthread_attr_t attributes;
	pthread_t thread;
	void *result;
	char *below;

	(void)argc;
	rerun_with(argv, "MMAN_PEER_DEBUG", "1");
	size = (size + check_page() - 1) & ~(check_page() - 1);
	target = consenting_peer();
	memfd = marked_memfd('t');
	below = mmap(NULL, 65536 + size, PROT_NONE, PRIVATE_ANON, -1, 0);
	CHECK(below != MAP_FAILED);
	CHECK(mprotect(below + 65536, size, READ_WRITE) == 0);
	CHECK(pthread_attr_init(&attributes) == 0);
	CHECK(pthread_attr_setstack(&attributes, below + 65536, size) == 0);
	CHECK(pthread_create(&thread, &attributes, calls, NULL) == 0);
	CHECK(pthread_join(thread, &result) == 0);
	CHECK(result != NULL && strcmp(result, "done") == 0);
	peer_dismiss(&target);
	return 0;
}
