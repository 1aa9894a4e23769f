/*
 * without: runs a program as on a kernel that lacks some system calls.
 *
 *	without CALL... -- PROGRAM ARGUMENT...
 *
 * helper
 */
#include "deny.h"

static const struct { const char *name; int number; } known[] = {
	{ "pidfd_open", SYS_pidfd_open },
	{ "pidfd_getfd", SYS_pidfd_getfd },
	{ "pidfd_send_signal", SYS_pidfd_send_signal },
	{ "process_vm_readv", SYS_process_vm_readv },
	{ "process_vm_writev", SYS_process_vm_writev },
	{ "close_range", SYS_close_range },
};

int main(int argc, char **argv)
{
	int calls[DENY_MOST], i;
	size_t k, count = 0;
	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		for (k = 0; k < sizeof known / sizeof known[0] && strcmp(argv[i], known[k].name) != 0; k++)
			;
		if (k == sizeof known / sizeof known[0] || count == DENY_MOST) {
			fprintf(stderr, "without: %s is not known\n", argv[i]);
			return 125;
		}
		calls[count++] = known[k].number;
	}
	if (i + 1 >= argc) {
		fprintf(stderr, "usage: without CALL... -- PROGRAM ARGUMENT...\n");
		return 125;
	}
	deny(calls, count, ENOSYS);
	execvp(argv[i + 1], argv + i + 1);
	perror(argv[i + 1]);
	return 126;
}
