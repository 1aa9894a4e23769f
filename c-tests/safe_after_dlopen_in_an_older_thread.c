/*
 * A program that loads the library by dlopen(), with RTLD_LOCAL and long after
 * its start, can call from threads that are older than the load, and from
 * their signal handlers: no call allocates a thread's storage on first use.
 */
#include "heap.h"
#include "caller.h"
#include "loading.h"

static struct peer target;
static int memfd;

static void *(*map)(pid_t, void *, size_t, int, int, int, off_t);
static int (*unmap)(pid_t, void *, size_t);
static const char *(*explain)(void);
static volatile int loaded;

static void calls(void)
{
	size_t page = check_page();
	void *at;
	heap_forbidden = 1;
	errno = 0;
	CHECK(map(-1, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0) == MAP_FAILED && errno == ESRCH);
	CHECK(explain()[0] != '\0');
	at = map(target.pid, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0);
	CHECK(at != MAP_FAILED && unmap(target.pid, at, page) == 0);
	at = map(target.pid, NULL, page, READ_WRITE, MAP_SHARED, memfd, 0);
	CHECK(at != MAP_FAILED && unmap(target.pid, at, page) == 0);
	heap_forbidden = 0;
}

static void on_signal(int signal) { (void)signal; calls(); }

static void *older(void *in_handler)
{
	AWAIT(loaded);
	if (in_handler)
		CHECK(raise(SIGUSR1) == 0);
	calls();
	return NULL;
}

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	struct sigaction action = { .sa_handler = on_signal };
	pthread_t plain, handling;
	void *library;

	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	target = consenting_peer();
	memfd = marked_memfd('d');
	plain = thread_start(older, NULL);
	handling = thread_start(older, "in a handler");

	copy_library("late.so");
	library = dlopen("./late.so", RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		fprintf(stderr, "%s\n", dlerror());
	CHECK(unlink("late.so") == 0);
	CHECK(library != NULL);
	map = (void *(*)(pid_t, void *, size_t, int, int, int, off_t))dlsym(library, "mmap_peer");
	unmap = (int (*)(pid_t, void *, size_t))dlsym(library, "munmap_peer");
	explain = (const char *(*)(void))dlsym(library, "mman_peer_explain");
	CHECK(map != NULL && unmap != NULL && explain != NULL);
	CHECK(map != mmap_peer);
	loaded = 1;
	thread_end(plain);
	thread_end(handling);
	calls();
	peer_dismiss(&target);
	return 0;
}
