/*
 * fork_demo.c: a child maps memory into its parent.
 *
 * The structure is that of the example in QNX's manual: fork, the child calls
 * mmap_peer() and munmap_peer() on its parent, the parent waits. Here both
 * say what they see, the parent uses the memory, and the exit status tells
 * whether all of it happened. The headers are QNX's own; on Linux they come
 * with the library:
 *
 *   cc fork_demo.c $(pkg-config --cflags --libs mman_peer-qnx)
 */
#include <errno.h>
#include <fcntl.h>
#include <process.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <mman_peer.h>
#define EXPLANATION mman_peer_explain()
#else
#define EXPLANATION "see the manual"
#endif

#define LENGTH 4096

static void say(const char *who, const char *what, ...)
{
	va_list args;
	printf("%-8s", who);
	va_start(args, what);
	vprintf(what, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

static void say_failed(const char *who, const char *call)
{
	int error = errno;
	say(who, "%s failed: %s", call, strerror(error));
	say("", "%s", EXPLANATION);
}

/* ---- The child ---------------------------------------------------------- */

/* Maps into the parent, tells it where, and unmaps when it answers. Returns an exit status. */
static int child(pid_t parent, int to_parent, int from_parent)
{
	void *region;
	char answer;

	region = mmap_peer(parent, 0, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, NOFD, 0);
	if (region == MAP_FAILED) {
		say_failed("child", "mmap_peer");
		return EXIT_FAILURE;
	}
	say("child", "mmap_peer(%d, 0, %d, PROT_READ|PROT_WRITE, MAP_SHARED, NOFD, 0) = %p",
	    (int)parent, LENGTH, region);

	if (write(to_parent, &region, sizeof region) != (ssize_t)sizeof region ||
	    read(from_parent, &answer, 1) != 1)
		return EXIT_FAILURE;

	if (munmap_peer(parent, region, LENGTH) == -1) {
		say_failed("child", "munmap_peer");
		return EXIT_FAILURE;
	}
	say("child", "munmap_peer(%d, %p, %d) = 0", (int)parent, region, LENGTH);
	return EXIT_SUCCESS;
}

/* ---- The parent --------------------------------------------------------- */

static char maps[64 * 1024]; /* this process's mappings, a line each; empty where the system has no such file */

static void look_at_maps(void)
{
	size_t size = 0;
	ssize_t got = 0;
	int fd = open("/proc/self/maps", O_RDONLY);
	if (fd != -1) {
		while (size < sizeof maps - 1 && (got = read(fd, maps + size, sizeof maps - 1 - size)) > 0)
			size += (size_t)got;
		close(fd);
	}
	maps[size] = '\0';
}

/* The line of `maps` with that address, its columns close together. */
static void say_what_maps_show(const char *when, void *region)
{
	unsigned long start, end, wanted = (unsigned long)region;
	char access[8], offset[24], device[16], inode[24], name[64];
	const char *line;

	if (maps[0] == '\0')
		return;
	for (line = maps; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		name[0] = '\0';
		if (sscanf(line, "%lx-%lx %7s %23s %15s %23s %63[^\n]",
			   &start, &end, access, offset, device, inode, name) >= 6 &&
		    start <= wanted && wanted < end) {
			say("", "%s %lx-%lx %s %s", when, start, end, access, name);
			return;
		}
	}
	say("", "%s nothing at %p", when, region);
}

/* Whether there is memory: the kernel says EFAULT where we would die of SIGSEGV. */
static int is_mapped(void *region)
{
	int ends[2], mapped;
	if (pipe(ends) == -1)
		return -1;
	mapped = write(ends[1], region, 1) == 1;
	close(ends[0]);
	close(ends[1]);
	return mapped;
}

/* Uses what the child maps, then waits for it. Returns an exit status. */
static int parent(pid_t pid, int to_child, int from_child)
{
	volatile char *region;
	void *told = NULL;
	ssize_t got;
	pid_t ended;
	int status, used = 0;

	got = read(from_child, &told, sizeof told);
	if (got == (ssize_t)sizeof told) {
		say("parent", "read() returns undisturbed, with the address");
		say_what_maps_show("my maps before:", told);
		look_at_maps();
		say_what_maps_show("my maps now:   ", told);
		region = told;
		*region = 'Q';
		used = *region == 'Q' && is_mapped(told) == 1;
		say("parent", "a byte written there: '%c'", *region);
		if (write(to_child, "", 1) != 1)
			used = 0;
	} else if (got == -1) {
		say("parent", "read() was disturbed: %s", strerror(errno));
	}
	close(to_child);

	ended = wait(&status);
	if (ended != pid) {
		say("parent", "wait() was disturbed: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	if (!used || status != 0) {
		say("parent", "it did not work");
		return EXIT_FAILURE;
	}
	say("parent", "wait() returns undisturbed, now that the child has ended");
	look_at_maps();
	say_what_maps_show("my maps now:   ", told);
	if (is_mapped(told) != 0) {
		say("parent", "the memory is still there");
		return EXIT_FAILURE;
	}
	say("parent", "mapped, used and gone: all as documented");
	return EXIT_SUCCESS;
}

int main(void)
{
	pid_t parent_pid, pid;
	int up[2], down[2], status;

	if (pipe(up) == -1 || pipe(down) == -1) {
		perror("pipe");
		return EXIT_FAILURE;
	}
	look_at_maps();
	parent_pid = getpid();
	say("parent", "I am process %d and fork a child, which maps memory into me", (int)parent_pid);
	pid = fork();
	assert(pid != -1);

	if (pid == 0) {
		/* This is the child. */
		close(up[0]);
		close(down[1]);
		status = child(parent_pid, up[1], down[0]);
	} else {
		/* This is the parent. */
		close(up[1]);
		close(down[0]);
		status = parent(pid, down[1], up[0]);
	}
	return status;
}
