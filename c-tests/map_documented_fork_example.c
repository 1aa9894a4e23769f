/*
 * The program of QNX's manual page, in its structure: parent and child; the
 * parent waits for the child; the child maps a page into its parent and unmaps
 * it. Here the child says what went wrong, and the parent leaves its wait only
 * when the child has ended.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sys/mman_peer.h>

static int trouble(const char *call)
{
	fprintf(stderr, "%s failed (errno %d: %s)\n", call, errno, strerror(errno));
	return EXIT_FAILURE;
}

static int child(pid_t parent)
{
	const int length = 4096;
	void *there = mmap_peer(parent, 0, length, PROT_READ | PROT_WRITE, MAP_SHARED, NOFD, 0);

	if (there == MAP_FAILED)
		return trouble("mmap_peer");
	if (munmap_peer(parent, there, length) == -1)
		return trouble("munmap_peer");
	return EXIT_SUCCESS;
}

int main(void)
{
	pid_t parent = getpid(), pid = fork();
	int status;

	assert(pid != -1);
	if (pid == 0)
		_exit(child(parent));
	if (wait(&status) != pid)
		return trouble("wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
