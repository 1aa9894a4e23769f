/*
 * No call uses the heap: not the first of a process or of a thread, not one
 * that fails, whatever it says in mman_peer_explain(), and not with
 * MMAN_PEER_DEBUG=1. The test brings its own malloc() and kin (heap.h), which
 * end it when a call comes there; and the heap's other sources, brk() and new
 * mappings, do not grow.
 */
#include "heap.h"
#include "caller.h"

#define WITHOUT_HEAP(statement) \
	do { heap_forbidden = 1; statement; heap_forbidden = 0; } while (0)

struct scene {
	struct peer target, held, debugger;
	int memfd, write_only, directory, closed;
};

static void successes(const struct scene *s)
{
	size_t page = check_page();
	pid_t pid = s->target.pid;
	void *at;
	WITHOUT_HEAP(CHECK_MAPS(at, mmap_peer(pid, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0)));
	WITHOUT_HEAP(CHECK_OK(munmap_peer(pid, at, page)));
	WITHOUT_HEAP(CHECK_MAPS(at, mmap_peer(pid, NULL, page, READ_WRITE, MAP_SHARED, s->memfd, 0)));
	WITHOUT_HEAP(CHECK_OK(munmap_peer(pid, at, page)));
	WITHOUT_HEAP(CHECK_MAPS(at, mmap64_peer(pid, NULL, 8 * page, READ_WRITE, MAP_SHARED | MAP_LAZY, NOFD, 0)));
	WITHOUT_HEAP(CHECK_OK(munmap_peer(pid, at, 8 * page)));
	WITHOUT_HEAP(CHECK_MAPS(at, mmap_peer(getpid(), NULL, page, READ_WRITE, MAP_SHARED, s->memfd, 0)));
	WITHOUT_HEAP(CHECK_OK(munmap_peer(getpid(), at, page)));
	WITHOUT_HEAP(CHECK(mman_peer_explain() != NULL));
	WITHOUT_HEAP(CHECK(mman_peer_version() != NULL));
	WITHOUT_HEAP(CHECK_OK(mman_peer_allow(-1)));
}

static void failures(const struct scene *s)
{
	size_t page = check_page();
	pid_t pid = s->target.pid;
	WITHOUT_HEAP(CHECK_MAP_FAILS(mmap_peer(0, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0), ESRCH));
	WITHOUT_HEAP(CHECK_MAP_FAILS(mmap_peer(0x3fffffff, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0), ESRCH));
	WITHOUT_HEAP(CHECK_MAP_FAILS(mmap_peer(pid, NULL, page, READ_WRITE, MAP_SHARED | MAP_ANON, s->memfd, 0), EINVAL));
	WITHOUT_HEAP(CHECK_MAP_FAILS(mmap_peer(pid, NULL, 0, READ_WRITE, PRIVATE_ANON, NOFD, 0), EINVAL));
	WITHOUT_HEAP(CHECK_MAP_FAILS(mmap_peer(pid, NULL, page, READ_WRITE, MAP_SHARED | MAP_HANDLE, NOFD, 0), ENOTSUP));
	WITHOUT_HEAP(CHECK_MAP_FAILS(mmap_peer(pid, NULL, page, PROT_READ, MAP_SHARED, s->closed, 0), EBADF));
	WITHOUT_HEAP(CHECK_MAP_FAILS(mmap_peer(pid, NULL, page, PROT_READ, MAP_SHARED, s->write_only, 0), EACCES));
	WITHOUT_HEAP(CHECK_MAP_FAILS(mmap_peer(pid, NULL, page, PROT_READ, MAP_SHARED, s->directory, 0), ENOTSUP));
	WITHOUT_HEAP(CHECK_MAP_FAILS(mmap_peer(pid, NULL, TOO_LONG, PROT_READ, PRIVATE_ANON, NOFD, 0), ENOMEM));
	WITHOUT_HEAP(CHECK_UNMAP_FAILS(munmap_peer(pid, NULL, 0), EINVAL));
	WITHOUT_HEAP(CHECK_UNMAP_FAILS(munmap_peer(pid, (void *)page, SIZE_MAX), EINVAL));
	if (getuid() != 0)
		WITHOUT_HEAP(CHECK_UNMAP_FAILS(munmap_peer(1, (void *)page, page), EPERM));
	WITHOUT_HEAP(CHECK(mman_peer_allow(-2) == -1));
}

/* Calls that wait until the time that was set is over. */
static void failures_in_time(const struct scene *s)
{
	size_t page = check_page();
	WITHOUT_HEAP(CHECK_MAP_FAILS(mmap_peer(s->held.pid, NULL, page, PROT_READ, PRIVATE_ANON, NOFD, 0), EAGAIN));
	WITHOUT_HEAP(CHECK_UNMAP_FAILS(munmap_peer(s->held.pid, (void *)page, page), EAGAIN));
}

static void *in_a_thread(void *scene)
{
	failures(scene);        /* the thread's first call fails, and has a sentence to keep */
	successes(scene);
	return NULL;
}

static int all_calls(void)
{
	static char before[65536], after[65536];
	struct scene s = {
		.target = consenting_peer(), .held = consenting_peer(), .memfd = marked_memfd('h'),
		.write_only = open("/dev/null", O_WRONLY | O_CLOEXEC),
		.directory = open("/", O_RDONLY | O_CLOEXEC), .closed = 4000,
	};
	void *end;
	CHECK(s.write_only != -1 && s.directory != -1);
	s.debugger = debugger_start(s.held.pid);
	end = sbrk(0);
	successes(&s);          /* the first call of the process is here */
	proc_text(getpid(), "maps", before, sizeof before);
	failures(&s);
	failures_in_time(&s);
	successes(&s);
	check_same_text("mappings", before, proc_text(getpid(), "maps", after, sizeof after));
	CHECK(sbrk(0) == end);
	thread_end(thread_start(in_a_thread, &s));
	peer_kill(&s.debugger);
	peer_dismiss(&s.held);
	peer_dismiss(&s.target);
	return 0;
}

int main(int argc, char **argv)
{
	int status;
	void *block;
	pid_t pid;

	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "300");
	if (argc == 2)
		return all_calls();
	/* The means must work: a use of the heap is seen. */
	block = malloc(1);
	free(block);
	CHECK(block != NULL && heap_uses >= 2);

	/* Once more with the debug lines, which nobody reads here. */
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		char *again[] = { argv[0], "again", NULL };
		int null = open("/dev/null", O_WRONLY);
		CHECK(setenv("MMAN_PEER_DEBUG", "1", 1) == 0);
		if (dup2(null, STDERR_FILENO) == STDERR_FILENO)
			execv("/proc/self/exe", again);
		_exit(2);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return all_calls();
}
