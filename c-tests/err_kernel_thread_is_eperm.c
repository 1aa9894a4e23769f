/* A kernel thread has no address space to map into: EPERM, for root as for anybody. */
#include "target.h"
#include <dirent.h>

enum { KTHREAD = 0x00200000 };	/* PF_KTHREAD, include/linux/sched.h */

static int is_kernel_thread(pid_t pid)
{
	char path[64], text[512], *after;
	unsigned flags = 0;
	ssize_t n;
	int fd;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return 0;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	after = strrchr(text, ')');
	return after && sscanf(after, ") %*c %*d %*d %*d %*d %*d %u", &flags) == 1 && (flags & KTHREAD);
}

static pid_t some_kernel_thread(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	pid_t found = 0;
	CHECK(proc != NULL);
	while (!found && (e = readdir(proc)) != NULL)
		if (is_kernel_thread(atoi(e->d_name)))
			found = atoi(e->d_name);
	closedir(proc);
	return found;
}

int main(void)
{
	struct target t = { .pid = some_kernel_thread() };

	if (t.pid == 0)
		check_skip("no kernel thread is visible in this pid namespace");
	MAP_FAILS_CLEANLY(&t, mmap_peer(t.pid, NULL, PAGE, PROT_READ, MAP_SHARED, NOFD, 0), EPERM);
	MAP_FAILS_CLEANLY(&t, mmap_peer(t.pid, NULL, 0, PROT_READ, 0, CLOSED_FD, 0), EPERM);
	UNMAP_FAILS_CLEANLY(&t, munmap_peer(t.pid, (void *)0x10000, PAGE), EPERM);
	UNMAP_FAILS_CLEANLY(&t, munmap_peer(t.pid, NULL, 0), EPERM);
	return 0;
}
