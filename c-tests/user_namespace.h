/* user_namespace.h: what the tests share that go into a user namespace of their own. */
#ifndef USER_NAMESPACE_H
#define USER_NAMESPACE_H
#include "check.h"
#include <sched.h>

static inline void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	CHECK(fd != -1 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* A user namespace that has one user: the caller, by that number. */
static inline void enter_namespace_as(uid_t user)
{
	char map[64];
	snprintf(map, sizeof map, "%u %u 1", user, geteuid());
	CHECK(unshare(CLONE_NEWUSER) == 0);
	write_to("/proc/self/uid_map", map);
	CHECK(getuid() == user);
}

static inline int has_user_namespaces(void)
{
	pid_t child = fork();
	int status;
	if (child == 0)
		_exit(unshare(CLONE_NEWUSER) == -1);
	CHECK(child != -1 && waitpid(child, &status, 0) == child);
	return status == 0;
}

#endif
