/* loading.h: the library once more, as a program that loads it late has it. */
#ifndef LOADING_H
#define LOADING_H
#include "check.h"
#include <dlfcn.h>

/*
 * The test itself is linked with the library, as all are. A copy under another
 * name is another library to the loader: loaded late, with symbols of its own.
 */
static inline void copy_library(const char *to)
{
	char block[65536];
	Dl_info info;
	ssize_t n;
	int in, out;
	CHECK(dladdr((void *)(uintptr_t)mman_peer_version, &info) != 0);
	in = open(info.dli_fname, O_RDONLY);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0755);
	CHECK(in != -1 && out != -1);
	while ((n = read(in, block, sizeof block)) > 0)
		CHECK(write(out, block, (size_t)n) == n);
	CHECK(n == 0);
	close(in);
	close(out);
}

#endif
