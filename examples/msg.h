/*
 * msg.h: the part of QNX's message passing that graphics_server.c and
 * graphics_client.c use, over a Unix socket of whole messages (SOCK_SEQPACKET).
 *
 * This file is what their port had to write; the calls keep QNX's names and
 * arguments, so that the programs themselves are as they were. What stands for what:
 *
 *   QNX                                  here
 *   name_attach(), name_open()           a socket file in the directory $MSG_NAMES (or .)
 *   MsgSend(): blocked until the reply   send(), then recv() of the reply
 *   rcvid, scoid                         the server's end of the connection
 *   _msg_info.pid, ConnectServerInfo()   SO_PEERCRED: the kernel names the process
 *                                        that called connect(), or listen()
 *   _PULSE_CODE_DISCONNECT               the end of file of the connection
 *
 * The kernel vouches for the pid on both systems; a client cannot name another
 * process's. What is different: a signal does not end MsgSend() early, one
 * thread at a time may use a connection, and nobody inherits a priority.
 */
#ifndef MSG_H
#define MSG_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* struct ucred */
#endif
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define EOK 0
#define _IO_CONNECT 0x100 /* what name_open() sends first */
#define _IO_MAX     0x1ff /* a program's own messages have greater numbers */
#define _PULSE_CODE_DISCONNECT (-33)

struct _pulse {
	uint16_t type;
	uint16_t subtype;
	int8_t code;
	int32_t scoid;
};

struct _msg_info {
	pid_t pid;
	int32_t scoid;
	uint32_t msglen;
};

struct _server_info {
	pid_t pid;
};

typedef struct {
	int chid;
} name_attach_t;

static inline pid_t msg_peer(int fd)
{
	struct ucred who;
	socklen_t size = sizeof who;
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 ? who.pid : -1;
}

static inline int msg_socket(const char *name, struct sockaddr_un *address)
{
	const char *directory = getenv("MSG_NAMES");
	size_t room = sizeof address->sun_path;
	address->sun_family = AF_UNIX;
	if ((size_t)snprintf(address->sun_path, room, "%s/%s", directory ? directory : ".", name) >= room) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}

/* ---- The client's side -------------------------------------------------- */

/* A reply on the wire: this, then the bytes. */
struct msg_answer {
	int32_t status;
	int32_t error;
};

static inline int MsgSend(int coid, const void *message, size_t size, void *reply, size_t room)
{
	struct msg_answer answer;
	struct iovec parts[] = { { &answer, sizeof answer }, { reply, room } };
	struct msghdr whole = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t got;

	if (send(coid, message, size, MSG_NOSIGNAL) == -1)
		return -1;
	do
		got = recvmsg(coid, &whole, 0);
	while (got == -1 && errno == EINTR);
	if (got == 0)
		errno = ESRCH; /* as on QNX, where the server has gone */
	else if (got >= (ssize_t)sizeof answer && answer.error == 0)
		return answer.status;
	else if (got > 0)
		errno = answer.error;
	return -1;
}

static inline int name_open(const char *name, int flags)
{
	const uint16_t hello[2] = { _IO_CONNECT, 0 };
	struct sockaddr_un address;
	int coid = msg_socket(name, &address);
	(void)flags;
	if (coid == -1)
		return -1;
	if (connect(coid, (struct sockaddr *)&address, sizeof address) == 0 &&
	    MsgSend(coid, hello, sizeof hello, NULL, 0) != -1)
		return coid;
	close(coid);
	return -1;
}

static inline int name_close(int coid)
{
	return close(coid);
}

static inline int ConnectServerInfo(pid_t pid, int coid, struct _server_info *info)
{
	(void)pid;
	info->pid = msg_peer(coid);
	return info->pid == -1 ? -1 : coid;
}

/* ---- The server's side -------------------------------------------------- */

enum { MSG_CONNECTIONS = 64 };
static struct pollfd msg_connections[1 + MSG_CONNECTIONS]; /* first the channel */
static int msg_count;

static inline name_attach_t *name_attach(void *dpp, const char *name, unsigned flags)
{
	static name_attach_t attach;
	struct sockaddr_un address;
	(void)dpp;
	(void)flags;
	attach.chid = msg_socket(name, &address);
	if (attach.chid == -1)
		return NULL;
	unlink(address.sun_path);
	if (bind(attach.chid, (struct sockaddr *)&address, sizeof address) == -1 ||
	    listen(attach.chid, MSG_CONNECTIONS) == -1)
		return NULL;
	msg_connections[0] = (struct pollfd){ .fd = attach.chid, .events = POLLIN };
	msg_count = 1;
	return &attach;
}

static inline void msg_accept(int chid)
{
	int fd = accept4(chid, NULL, NULL, SOCK_CLOEXEC);
	if (fd == -1)
		return;
	if (msg_count <= MSG_CONNECTIONS)
		msg_connections[msg_count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	else
		close(fd);
}

/* Waits for a message (its rcvid), or for the end of a client (0, and a pulse). */
static inline int MsgReceive(int chid, void *message, size_t room, struct _msg_info *info)
{
	for (;;) {
		int i;
		if (poll(msg_connections, (nfds_t)msg_count, -1) == -1)
			return -1;
		for (i = 1; i < msg_count; i++) {
			int fd = msg_connections[i].fd;
			ssize_t got;
			if (msg_connections[i].revents == 0)
				continue;
			got = recv(fd, message, room, 0);
			if (got > 0) {
				if (info != NULL)
					*info = (struct _msg_info){ msg_peer(fd), fd, (uint32_t)got };
				return fd;
			}
			/* Told once: the descriptor stays, as an scoid does, until ConnectDetach(). */
			msg_connections[i] = msg_connections[--msg_count];
			*(struct _pulse *)message = (struct _pulse){ .code = _PULSE_CODE_DISCONNECT, .scoid = fd };
			return 0;
		}
		if (msg_connections[0].revents != 0)
			msg_accept(chid);
	}
}

static inline int MsgReply(int rcvid, int status, const void *reply, size_t size)
{
	struct msg_answer answer = { status, EOK };
	struct iovec parts[] = { { &answer, sizeof answer }, { (void *)(uintptr_t)reply, size } };
	struct msghdr whole = { .msg_iov = parts, .msg_iovlen = 2 };
	return sendmsg(rcvid, &whole, MSG_NOSIGNAL) == -1 ? -1 : 0;
}

static inline int MsgError(int rcvid, int error)
{
	struct msg_answer answer = { -1, error };
	return send(rcvid, &answer, sizeof answer, MSG_NOSIGNAL) == -1 ? -1 : 0;
}

static inline int ConnectDetach(int scoid)
{
	return close(scoid);
}

#endif
