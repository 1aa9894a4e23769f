/*
 * huge.h: huge pages for a test: root raises vm.nr_hugepages for its time and
 * puts it back. A test with it runs alone, as root.
 */
#ifndef HUGE_H
#define HUGE_H
#include "target.h"

static inline long huge_number(const char *path, long set)
{
	char text[32] = "";
	long value = -1;
	int fd = open(path, (set >= 0 ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd == -1)
		return -1;
	if (set >= 0) {
		int n = snprintf(text, sizeof text, "%ld", set);
		if (write(fd, text, (size_t)n) != n) {
			close(fd);
			return -1;
		}
		lseek(fd, 0, SEEK_SET);
	}
	if (read(fd, text, sizeof text - 1) > 0)
		value = atol(text);
	close(fd);
	return value;
}

#define HUGE_SETTING "/proc/sys/vm/nr_hugepages"

/* The size of a huge page, from /proc/meminfo; 0: the kernel has none. */
static inline size_t huge_size(void)
{
	char line[128];
	unsigned long kb = 0;
	FILE *f = fopen("/proc/meminfo", "re");
	CHECK(f != NULL);
	while (fgets(line, sizeof line, f))
		if (sscanf(line, "Hugepagesize: %lu kB", &kb) == 1)
			break;
	fclose(f);
	return kb * 1024;
}

/* Runs body in a child with that many free huge pages more than before. */
static inline void with_huge_pages(long pages, void (*body)(void))
{
	long before = huge_number(HUGE_SETTING, -1), now;
	int status;
	pid_t child;
	if (huge_size() == 0 || before == -1)
		check_skip("the kernel has no huge pages");
	now = huge_number(HUGE_SETTING, before + pages);
	if (now < before + pages) {
		if (now >= 0)
			huge_number(HUGE_SETTING, before);
		check_skip("no %ld huge pages can be set aside by vm.nr_hugepages", pages);
	}
	fflush(NULL);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		body();
		_exit(0);
	}
	CHECK(child != -1 && waitpid(child, &status, 0) == child);
	CHECK(huge_number(HUGE_SETTING, before) == before);
	if (status != 0)
		_exit(1);
}

static inline int huge_memfd(size_t pages)
{
	int fd = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB);
	CHECK(fd != -1 && ftruncate(fd, (off_t)(pages * huge_size())) == 0);
	return fd;
}

#endif
