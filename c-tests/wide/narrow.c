/*
 * narrow.c: a 32-bit library with the names of ours that has every call made by
 * a 64-bit program, wide_caller, which lies beside it. Each process that calls
 * has one of its own.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "wide.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t owner;             /* whose caller is at the other end */
static int channel = -1;
static __thread char explained[500];

static void trouble(const char *what)
{
	fprintf(stderr, "narrow.c: %s: %s\n", what, strerror(errno));
	_exit(1);
}

/* The caller is nobody's child that anybody waits for. */
static void start_caller(void)
{
	int ends[2], status;
	pid_t pid;
	Dl_info here;
	if (channel != -1)
		close(channel);         /* that of the process that forked us */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0 || !dladdr(&lock, &here))
		trouble("no channel");
	pid = fork();
	if (pid == 0) {
		char program[4096], number[16];
		sigset_t none;
		if (fork() != 0)
			_exit(0);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		setpgid(0, 0);
		snprintf(program, sizeof program, "%.*s/wide_caller", (int)(strrchr(here.dli_fname, '/') - here.dli_fname), here.dli_fname);
		snprintf(number, sizeof number, "%d", ends[1]);
		fcntl(ends[1], F_SETFD, 0);
		execl(program, program, number, (char *)NULL);
		trouble(program);
	}
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	close(ends[1]);
	channel = fcntl(ends[0], F_DUPFD_CLOEXEC, 800);
	if (channel == -1)
		channel = ends[0];
	else
		close(ends[0]);
	owner = getpid();
}

static uint64_t ask(struct wide_request r, struct wide_answer *a)
{
	union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control = { .header = {
		.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct iovec part = { &r, sizeof r };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	int before = errno;
	sigset_t all, mask;
	ssize_t n;
	r.with_fd = r.fd >= 0 && fcntl(r.fd, F_GETFD) != -1;
	if (r.with_fd) {
		memcpy(CMSG_DATA(&control.header), &r.fd, sizeof r.fd);
		m.msg_control = &control;
		m.msg_controllen = sizeof control;
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	pthread_mutex_lock(&lock);
	if (owner != getpid())
		start_caller();
	do n = sendmsg(channel, &m, MSG_NOSIGNAL); while (n == -1 && errno == EINTR);
	if (n != sizeof r)
		trouble("the caller does not hear");
	do n = recv(channel, a, sizeof *a, 0); while (n == -1 && errno == EINTR);
	if (n != sizeof *a)
		trouble("the caller does not answer");
	pthread_mutex_unlock(&lock);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	memcpy(explained, a->explained, sizeof explained);
	errno = a->error != 0 ? a->error : before;
	return a->result;
}

static void *address(uint64_t result)
{
	if (result != UINT64_MAX && result > UINTPTR_MAX)
		trouble("an address of more than 32 bits");
	return (void *)(uintptr_t)result;
}

void *mmap64_peer(pid_t pid, void *addr, size_t len, int prot, int flags, int fd, int64_t off)
{
	struct wide_answer a;
	return address(ask((struct wide_request){ .call = WIDE_MAP, .pid = pid, .addr = (uintptr_t)addr, .len = len,
		.prot = prot, .flags = flags, .fd = fd, .off = off }, &a));
}

void *mmap_peer(pid_t pid, void *addr, size_t len, int prot, int flags, int fd, unsigned long off)
{
	return mmap64_peer(pid, addr, len, prot, flags, fd, off);
}

int munmap_peer(pid_t pid, void *addr, size_t len)
{
	struct wide_answer a;
	return (int)ask((struct wide_request){ .call = WIDE_UNMAP, .pid = pid, .addr = (uintptr_t)addr, .len = len, .fd = -1 }, &a);
}

int munmap64_peer(pid_t pid, void *addr, size_t len) { return munmap_peer(pid, addr, len); }

int munmap_flags_peer(pid_t pid, void *addr, size_t len, unsigned flags)
{
	struct wide_answer a;
	return (int)ask((struct wide_request){ .call = WIDE_UNMAP_FLAGS, .pid = pid, .addr = (uintptr_t)addr, .len = len,
		.flags = (int)flags, .fd = -1 }, &a);
}

void *_mmap2_peer(pid_t pid, void *addr, size_t len, int prot, int flags, int fd, int64_t off, unsigned align,
	unsigned preload, void **base, size_t *size)
{
	struct wide_answer a;
	void *at = address(ask((struct wide_request){ .call = WIDE_MAP2, .pid = pid, .addr = (uintptr_t)addr, .len = len,
		.prot = prot, .flags = flags, .fd = fd, .off = off }, &a));
	(void)align;
	(void)preload;
	if (at != MAP_FAILED && base)
		*base = address(a.first);
	if (at != MAP_FAILED && size)
		*size = (size_t)a.second;
	return at;
}

int mlock_peer(pid_t pid, uintptr_t addr, size_t len)
{
	struct wide_answer a;
	return (int)ask((struct wide_request){ .call = WIDE_LOCK, .pid = pid, .addr = addr, .len = len, .fd = -1 }, &a);
}

int munlock_peer(pid_t pid, uintptr_t addr, size_t len)
{
	struct wide_answer a;
	return (int)ask((struct wide_request){ .call = WIDE_UNLOCK, .pid = pid, .addr = addr, .len = len, .fd = -1 }, &a);
}

int mem_offset64_peer(pid_t pid, uintptr_t addr, size_t len, int64_t *offset, size_t *contiguous)
{
	struct wide_answer a;
	int r = (int)ask((struct wide_request){ .call = WIDE_OFFSET, .pid = pid, .addr = addr, .len = len, .fd = -1 }, &a);
	if (r == 0 && offset)
		*offset = (int64_t)a.first;
	if (r == 0 && contiguous)
		*contiguous = (size_t)a.second;
	return r;
}

/* No calls in another process: these the test would have of its own. */
void *mmap_device_memory(void *addr, size_t len, int prot, int flags, uint64_t physical);
void *mmap_device_memory(void *addr, size_t len, int prot, int flags, uint64_t physical)
{
	(void)addr; (void)len; (void)prot; (void)flags; (void)physical;
	errno = ENOSYS;
	return MAP_FAILED;
}
int munmap_device_memory(void *addr, size_t len);
int munmap_device_memory(void *addr, size_t len) { return munmap(addr, len); }
void *mmap64_join(pid_t pid, void *addr, size_t len, int prot, int flags, int fd, int64_t off);
void *mmap64_join(pid_t pid, void *addr, size_t len, int prot, int flags, int fd, int64_t off)
{
	(void)pid; (void)addr; (void)len; (void)prot; (void)flags; (void)fd; (void)off;
	errno = ENOSYS;
	return MAP_FAILED;
}
const char *mman_peer_version(void) { return "wide"; }
const char *mman_peer_explain(void) { return explained; }
int mman_peer_allow(pid_t pid)
{
	(void)pid;
	prctl(PR_SET_PTRACER, -1UL);
	return 0;
}
__attribute__((constructor)) static void admit(void) { mman_peer_allow(-1); }
