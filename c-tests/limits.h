/*
 * limits.h: a call under a limit or a denial either succeeds or says why not,
 * with an errno that the test allows, and leaves nothing in either process.
 */
#ifndef LIMITS_H
#define LIMITS_H
#include "caller.h"

struct residue {
	char maps[65536], fds[8192], own_fds[8192];
};

/* Nothing may be read through a new descriptor later on: read it while one can. */
static inline void residue_look(struct residue *r, pid_t target)
{
	proc_text(target, "maps", r->maps, sizeof r->maps);
	fd_list(target, r->fds, sizeof r->fds);
	fd_list(getpid(), r->own_fds, sizeof r->own_fds);
}

/* Is the errno among those allowed? The list ends with 0. */
static inline int allowed(int got, const int *errnos)
{
	for (; *errnos != 0; errnos++)
		if (*errnos == got)
			return 1;
	return 0;
}

/*
 * One call that may fail with these errnos and must then explain itself, by that
 * word if one is given. Returns whether it succeeded; what it mapped is unmapped
 * again.
 */
static inline int call_allowing(const char *name, pid_t target, int flags, int fd, const int *errnos, const char *word)
{
	void *at;
	errno = 4242;
	at = mmap_peer(target, NULL, check_page(), READ_WRITE, flags, fd, 0);
	if (at != MAP_FAILED) {
		CHECK(errno == 4242);
		CHECK_OK(munmap_peer(target, at, check_page()));
		return 1;
	}
	if (!allowed(errno, errnos) || mman_peer_explain()[0] == '\0'
			|| (word != NULL && strstr(mman_peer_explain(), word) == NULL)) {
		fprintf(stderr, "%s: errno %d (%s), explained as \"%s\"\n", name, errno, strerror(errno),
			mman_peer_explain());
		check_failed(__FILE__, __LINE__, "another errno or explanation was expected");
	}
	return 0;
}

#endif
