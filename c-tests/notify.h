/*
 * notify.h: a supervisor that is asked about system calls of a supervised
 * process (seccomp_unotify(2)) and sees who makes them, with which arguments.
 * With it a test plays Yama, which the kernel it runs on may not have.
 */
#ifndef NOTIFY_H
#define NOTIFY_H
#include "deny.h"
#include <sys/ioctl.h>

/*
 * What the supervisor answers: 0 lets the call happen, a positive errno
 * refuses it, NOTIFY_PRETEND says that it succeeded without doing it.
 */
enum { NOTIFY_PRETEND = -1 };
typedef int (*notify_judge)(const struct seccomp_notif *request);

static int notify_listener;

/* In a judge: does the call that it is asked about still wait for the answer? A signal may end it. */
static inline int notify_waits(const struct seccomp_notif *request)
{
	return ioctl(notify_listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &request->id) == 0;
}

static inline void send_fd(int channel, int fd)
{
	union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control;
	char byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof control };
	memset(&control, 0, sizeof control);
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
	CHECK(sendmsg(channel, &message, MSG_NOSIGNAL) == 1);
}

static inline int receive_fd(int channel)
{
	union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control;
	char byte;
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof control };
	int fd;
	CHECK(recvmsg(channel, &message, MSG_CMSG_CLOEXEC) == 1);
	CHECK(message.msg_controllen == sizeof control);
	memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
	return fd;
}

/* In the process to be supervised, when all that must not be is forked. */
static inline void notify_begin(int channel, const int *calls, size_t count)
{
	int listener = filter_calls(calls, count, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	CHECK(listener >= 0);
	send_fd(channel, listener);
	close(listener);
	CHECK(hear_word(channel) == 1);
}

/* Has the child ended? It is not reaped. */
static inline int notify_has_ended(pid_t pid)
{
	siginfo_t info = { 0 };
	CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0);
	return info.si_pid == pid;
}

/*
 * In the supervisor: answers until no supervised process is left. Before Linux
 * 6.11 a zombie counts as one (seccomp_filter_release, in release_task), so the
 * end of the peer, which outlives what it supervises for, is asked for as well.
 */
static inline void notify_serve(const struct peer *supervised, notify_judge judge)
{
	struct seccomp_notif request;
	struct seccomp_notif_resp answer;
	int listener = notify_listener = receive_fd(supervised->channel);
	tell_word(supervised->channel, 1);
	for (;;) {
		struct pollfd p = { listener, POLLIN, 0 };
		int verdict, ended = notify_has_ended(supervised->pid);
		CHECK(poll(&p, 1, ended ? 0 : 20) >= 0);
		if (!(p.revents & POLLIN)) {
			if (ended || p.revents != 0)
				break;
			continue;
		}
		memset(&request, 0, sizeof request);
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0) {
			CHECK(errno == ENOENT || errno == EINTR);       /* it died meanwhile */
			continue;
		}
		verdict = judge(&request);
		memset(&answer, 0, sizeof answer);
		answer.id = request.id;
		if (verdict == 0)
			answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		else if (verdict > 0)
			answer.error = -verdict;
		CHECK(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0 || errno == ENOENT);
	}
	close(listener);
}

#endif
