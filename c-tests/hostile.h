/*
 * hostile.h: a process that listens under the name of its own service, and
 * answers what it likes to who asks it for an area.
 */
#ifndef HOSTILE_H
#define HOSTILE_H
#include "service.h"

/* So many bytes of the area are these of the file; -1: no file comes along. The caller may be gone. */
static inline void hostile_hands_over(int to, int fd, uint64_t offset, uint64_t len)
{
	struct answer answer = { .kind = 8, .value = offset, .more = len };
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int))]; } control = { 0 };
	struct iovec part = { &answer, sizeof answer };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	memcpy(&answer.form, "mmanpr/1", 8);
	if (fd != -1) {
		struct cmsghdr *first;
		message.msg_control = &control;
		message.msg_controllen = sizeof control;
		first = CMSG_FIRSTHDR(&message);
		first->cmsg_level = SOL_SOCKET;
		first->cmsg_type = SCM_RIGHTS;
		first->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(first), &fd, sizeof fd);
	}
	CHECK(sendmsg(to, &message, MSG_NOSIGNAL) == sizeof answer || errno == EPIPE);
}

/* Listens in place of the process's own service, says so, and answers each order. */
static inline _Noreturn void hostile_serve(int channel, void (*answers)(int to))
{
	struct sockaddr_un name;
	socklen_t size;
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	mman_peer_serve_stop();
	size = service_name(&name, getpid());
	CHECK(listener != -1 && bind(listener, (struct sockaddr *)&name, size) == 0 && listen(listener, 8) == 0);
	tell_word(channel, 1);
	for (;;) {
		struct order order;
		int from = accept(listener, NULL, NULL);
		CHECK(from != -1);
		if (recv(from, &order, sizeof order, 0) == sizeof order)
			answers(from);
		close(from);
	}
}

#endif
