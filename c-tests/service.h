/*
 * service.h: what the tests of a target's own service share: targets that
 * serve, tracing forbidden, and the service's socket as a stranger sees it.
 */
#ifndef SERVICE_H
#define SERVICE_H
#include "deny.h"
#include <stddef.h>
#include <sys/un.h>
#include <sys/vfs.h>

/* ptrace() and what asks the right to it, for this process and all it starts. */
static inline void forbid_tracing(void)
{
	static const int calls[] = { SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev,
#ifdef SYS_pidfd_getfd
		SYS_pidfd_getfd,
#endif
	};
	deny(calls, sizeof calls / sizeof *calls, EPERM);
}

/* An obedient peer that serves. */
static inline int serving_body(int channel)
{
	CHECK_OK(mman_peer_serve());
	return obedient_body(channel);
}

static inline struct peer serving_peer(void)
{
	struct peer p = peer_start(serving_body);
	(void)peer_mapped(&p, NULL);	/* once it answers, it serves */
	return p;
}

/* Maps, writes, looks and unmaps: the service does its work. */
static inline void use_service(struct peer *p)
{
	unsigned char *a;
	CHECK_MAPS(a, mmap_peer(p->pid, NULL, check_page(), PROT_READ | PROT_WRITE, MAP_SHARED, NOFD, 0));
	peer_write(p, a, 7);
	CHECK(peer_read(p, a) == 7);
	CHECK_OK(munmap_peer(p->pid, a, check_page()));
	CHECK(!peer_mapped(p, a));
}

/* The type of file system of a pidfd since Linux 6.9. */
#define PROCESSES_HAVE_NUMBERS 0x50494446u

/* The name of a process's service: by the process's number for good, or its pid (src/service/mod.rs). */
static inline socklen_t service_name(struct sockaddr_un *name, pid_t pid)
{
	struct statfs fs;
	struct stat st;
	char text[64];
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	CHECK(pidfd != -1 && fstatfs(pidfd, &fs) == 0 && fstat(pidfd, &st) == 0);
	close(pidfd);
	if ((uint32_t)fs.f_type == PROCESSES_HAVE_NUMBERS)
		snprintf(text, sizeof text, "mman_peer/%llx", (unsigned long long)st.st_ino);
	else
		snprintf(text, sizeof text, "mman_peer/pid %d", (int)pid);
	memset(name, 0, sizeof *name);
	name->sun_family = AF_UNIX;
	memcpy(name->sun_path + 1, text, strlen(text));
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(text));
}

/* A connection to it; -1 with errno. */
static inline int service_connect(pid_t pid)
{
	struct sockaddr_un name;
	socklen_t size = service_name(&name, pid);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), failure;
	CHECK(fd != -1);
	if (connect(fd, (struct sockaddr *)&name, size) == 0)
		return fd;
	failure = errno;
	close(fd);
	errno = failure;
	return -1;
}

/* Number of tasks of a process. */
static inline long thread_count(pid_t pid)
{
	char path[64];
	struct stat st;
	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	CHECK(stat(path, &st) == 0);
	return (long)st.st_nlink - 2;
}

/* An order as it goes over the wire (src/service/protocol.rs): nine words. */
enum { ORDER_NOTHING = 1, ORDER_MAP, ORDER_UNMAP, ORDER_RANGE, ORDER_REGION = 6 };
struct order { uint64_t form, kind, addr, len, prot, flags, off, guard, bits; };
struct answer { uint64_t form, kind, value, more; };

static inline struct order order_of(uint64_t kind)
{
	struct order o = { 0 };
	memcpy(&o.form, "mmanpr/1", 8);
	o.kind = kind | (uint64_t)(sizeof(void *) * 8) << 32;
	return o;
}

static inline struct order order_to_map(size_t len)
{
	struct order o = order_of(ORDER_MAP);
	o.len = len;
	o.prot = PROT_READ | PROT_WRITE;
	o.flags = MAP_PRIVATE | MAP_ANONYMOUS;
	return o;
}

/* A desk as it is shared (src/service/desk.rs), and its file offered on a connection. */
struct desk { uint32_t turn, watched; int32_t object; uint32_t pad; struct order order; struct answer answer; };

static inline struct answer desk_offer(int to, int file)
{
	struct order wanted = order_of(5);
	struct answer a;
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int))]; } control = { 0 };
	struct iovec part = { &wanted, sizeof wanted };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	struct cmsghdr *first = CMSG_FIRSTHDR(&m);
	first->cmsg_level = SOL_SOCKET;
	first->cmsg_type = SCM_RIGHTS;
	first->cmsg_len = CMSG_LEN(sizeof file);
	memcpy(CMSG_DATA(first), &file, sizeof file);
	CHECK(sendmsg(to, &m, 0) == sizeof wanted);
	CHECK(recv(to, &a, sizeof a, 0) == sizeof a);
	return a;
}

#endif
