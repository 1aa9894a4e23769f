/* What no socket carries cannot be brought into another process: io_uring's rings,
 * where the kernel does not send them. Nothing is left of the try. */
#include "target.h"
#include <linux/io_uring.h>
#include <sys/syscall.h>

static int can_be_sent(int fd)
{
	char control[CMSG_SPACE(sizeof fd)] = { 0 }, byte = 0;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	struct cmsghdr *first = CMSG_FIRSTHDR(&message);
	int ends[2], sent;
	first->cmsg_level = SOL_SOCKET;
	first->cmsg_type = SCM_RIGHTS;
	first->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(first), &fd, sizeof fd);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	sent = sendmsg(ends[0], &message, 0) == 1;
	CHECK(sent || errno == EINVAL);
	close(ends[0]);
	close(ends[1]);
	return sent;
}

static int rings = -1;

static void test(struct target *t)
{
	struct io_uring_params parameters;
	void *own;
	if (rings == -1) {
		memset(&parameters, 0, sizeof parameters);
		rings = (int)syscall(SYS_io_uring_setup, 4, &parameters);
		if (rings == -1)
			check_skip("there is no io_uring: %s", strerror(errno));
	}
	own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, rings, IORING_OFF_SQ_RING);
	CHECK(own != MAP_FAILED && munmap(own, PAGE) == 0);
	if (t->pid == getpid() || can_be_sent(rings))
		return;
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, rings, IORING_OFF_SQ_RING), EPERM);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
