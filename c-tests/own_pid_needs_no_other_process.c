/*
 * The own pid is served by plain mmap() and munmap(): it works where a filter
 * forbids ptrace(), new processes and every look at another one, for an
 * undumpable process, from a thread that is not the first, and in a process
 * that is being traced.
 */
#include "target.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/ptrace.h>

static void map_and_unmap(void)
{
	unsigned char *a;
	int fd = memfd_create("object", MFD_CLOEXEC);
	CHECK(fd != -1 && ftruncate(fd, 2 * PAGE) == 0);
	CHECK_MAPS(a, mmap_peer(getpid(), NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4000));
	a[96] = 1;
	CHECK_OK(munmap_peer(getpid(), a, 2 * PAGE));
	CHECK_MAPS(a, mmap_peer(getpid(), NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, NOFD, 0));
	a[0] = 1;
	CHECK_OK(munmap_peer(getpid(), a, 2 * PAGE));
	close(fd);
}

static void forbid(void)
{
	static const int calls[] = { SYS_ptrace, SYS_clone, SYS_clone3, SYS_process_vm_readv,
		SYS_process_vm_writev, SYS_wait4, SYS_waitid, SYS_pidfd_open, SYS_pidfd_getfd, SYS_kill,
		SYS_socket, SYS_setsid };
	enum { N = sizeof calls / sizeof *calls };
	struct sock_filter filter[2 * N + 2], *f = filter;
	size_t i;
	*f++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (i = 0; i < N; i++) {
		*f++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i], 0, 1);
		*f++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	}
	*f++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { 2 * N + 2, filter };
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void filtered(void) { forbid(); map_and_unmap(); }

static void undumpable(void)
{
	CHECK(prctl(PR_SET_DUMPABLE, 0) == 0);
	map_and_unmap();
}

static void *in_thread(void *unused)
{
	map_and_unmap();
	return unused;
}

static void threaded(void)
{
	pthread_t thread;
	CHECK(pthread_create(&thread, NULL, in_thread, NULL) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
}

static void traced(void)
{
	/* From scope 2 on Yama refuses to be traced, too. */
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1)
		CHECK(errno == EPERM && yama_scope() >= 2);
	map_and_unmap();
}

int main(void)
{
	map_and_unmap();
	in_child(filtered);
	in_child(undumpable);
	in_child(threaded);
	in_child(traced);
	return 0;
}
