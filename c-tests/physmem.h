/*
 * physmem.h: a file that stands in for physical memory (MMAN_PEER_PHYSMEM), for
 * a test that runs without the hardware. The library reads the variable when it
 * is loaded, so the test begins again with it set.
 */
#ifndef PHYSMEM_H
#define PHYSMEM_H
#include "caller.h"
#include "target.h"
#include <mman_peer/companions.h>

#define PHYSMEM_NAME "physmem"
#define GIB ((int64_t)1 << 30)

/* The stand-in, open for looking into it. */
static int physmem = -1;

/* A stand-in of that size, sparse: first thing in main(). */
static inline void physmem_begin(char **argv, int64_t size)
{
	char name[4096];
	CHECK(getcwd(name, sizeof name - sizeof PHYSMEM_NAME - 1) != NULL);
	strcat(name, "/" PHYSMEM_NAME);
	physmem = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(physmem != -1 && ftruncate(physmem, size) == 0);
	rerun_with(argv, "MMAN_PEER_PHYSMEM", name);
}

static inline void physmem_put(int64_t at, unsigned char value)
{
	CHECK(pwrite(physmem, &value, 1, at) == 1);
}

/* Is the stand-in open in that process? The caller's own descriptor for looking in is not meant. */
static inline int physmem_is_open_in(pid_t pid)
{
	char name[64], path[400];
	struct stat st, it;
	struct dirent *entry;
	int open_there = 0;
	DIR *dir;
	CHECK(fstat(physmem, &it) == 0);
	snprintf(name, sizeof name, "/proc/%d/fd", (int)pid);
	CHECK((dir = opendir(name)) != NULL);
	while ((entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", name, entry->d_name);
		if (entry->d_name[0] != '.' && atoi(entry->d_name) != physmem
				&& stat(path, &st) == 0 && st.st_dev == it.st_dev && st.st_ino == it.st_ino)
			open_there = 1;
	}
	closedir(dir);
	return open_there;
}

#endif
