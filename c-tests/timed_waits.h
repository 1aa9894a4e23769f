/*
 * timed_waits.h: the calls that answer any stop with a bare EINTR, each with a
 * finite timeout. When such a wait began cannot be known from outside, so the
 * promise is smaller than for other calls: mappings are hidden, at the price
 * that the timeout starts anew; but for no longer than one timeout, counted from
 * the first of them. Then the target sees one EINTR, and its own clock decides.
 */
#ifndef TIMED_WAITS_H
#define TIMED_WAITS_H
#include "blocking.h"

static inline int span_ms(const struct scene *s) { return (int)(seconds_of(&s->span) * 1000) * check_slowness(); }

static inline long call_epoll_wait_time(struct scene *s)
{
	struct epoll_event e[2];
	return take_fed(s, raw_epoll_wait(epoll_on(s->in[0]), e, 2, span_ms(s)));
}
static inline long call_epoll_pwait_time(struct scene *s)
{
	struct epoll_event e[2];
	uint64_t mask = kernel_set(SIGUSR2);
	return take_fed(s, syscall(SYS_epoll_pwait, epoll_on(s->in[0]), e, 2, span_ms(s), &mask, KERNEL_SIGSET));
}
static inline long call_epoll_pwait2_time(struct scene *s)
{
	struct epoll_event e[2];
	struct __kernel_timespec t = { s->span.tv_sec, s->span.tv_nsec };
	return take_fed(s, syscall(SYS_epoll_pwait2, epoll_on(s->in[0]), e, 2, &t, NULL, KERNEL_SIGSET));
}
static inline long call_semtimedop_time(struct scene *s)
{
	struct sembuf down = { 0, -1, 0 };
	return raw_semtimedop(s->ipc, &down, &s->span);
}
static inline long call_sigtimedwait(struct scene *s) { return awaited_signal(s, &s->span); }
static inline long call_io_getevents_time(struct scene *s)
{
	struct io_event e;
	return aio_got(s, syscall(SYS_io_getevents, aio, 1, 1, &e, &s->span));
}
static inline long call_io_pgetevents_time(struct scene *s)
{
	struct io_event e;
	return aio_got(s, syscall(CALL_IO_PGETEVENTS, aio, 1, 1, &e, &s->span, NULL));
}

#if defined(__i386__)
/* The same with a timeout of 64 bits, as newer programs have it. */
static inline long call_semtimedop_time64(struct scene *s)
{
	struct sembuf down = { 0, -1, 0 };
	struct __kernel_timespec t = { s->span.tv_sec, s->span.tv_nsec };
	return syscall(SYS_semtimedop_time64, s->ipc, &down, 1, &t);
}
static inline long call_sigtimedwait_time64(struct scene *s)
{
	struct __kernel_timespec t = { s->span.tv_sec, s->span.tv_nsec };
	uint64_t set = kernel_set(SIGRTMIN + 3);
	siginfo_t info;
	long r = syscall(SYS_rt_sigtimedwait_time64, &set, &info, &t, KERNEL_SIGSET);
	s->extra = r > 0 ? info.si_value.sival_int : 0;
	return r;
}
#define OTHER_FORMS \
	, { "semtimedop_time64, timed", SYS_semtimedop_time64, call_semtimedop_time64, raise_semaphore, semaphore, 0, 0, drop_semaphore } \
	, { "rt_sigtimedwait_time64", SYS_rt_sigtimedwait_time64, call_sigtimedwait_time64, queue_for_sigtimedwait, 0, settle_sigtimedwait, 0, 0 }
#else
#define OTHER_FORMS
#endif

/* These have their timeout in the call's arguments. */
#define TIMED_BY_ARGUMENT \
	{ "epoll_wait, timed", CALL_EPOLL_WAIT, call_epoll_wait_time, feed_in, pipe_in, 0, 0, 0 }, \
	{ "epoll_pwait, timed", SYS_epoll_pwait, call_epoll_pwait_time, feed_in, pipe_in, 0, 0, 0 }, \
	{ "epoll_pwait2, timed", SYS_epoll_pwait2, call_epoll_pwait2_time, feed_in, pipe_in, 0, 0, 0 }, \
	{ "semtimedop, timed", CALL_SEMTIMEDOP, call_semtimedop_time, raise_semaphore, semaphore, 0, 0, drop_semaphore }, \
	{ "sigtimedwait", SYS_rt_sigtimedwait, call_sigtimedwait, queue_for_sigtimedwait, 0, settle_sigtimedwait, 0, 0 }, \
	{ "io_getevents, timed", SYS_io_getevents, call_io_getevents_time, feed_in, pipe_in, settle_aio, 0, 0 } \
	OTHER_FORMS

/* This one the kernel itself starts anew after any stop (aio_pgetevents, fs/aio.c). */
#define TIMED_BY_THE_KERNEL \
	{ "io_pgetevents, timed", CALL_IO_PGETEVENTS, call_io_pgetevents_time, feed_in, pipe_in, settle_aio, 0, 0 }

/* These have it elsewhere: in the socket, or in a structure of the target. */
static inline void set_timeout(struct scene *s, int fd, int option)
{
	struct timeval t = { s->span.tv_sec, s->span.tv_nsec / 1000 };
	CHECK(setsockopt(fd, SOL_SOCKET, option, &t, sizeof t) == 0);
}
static inline void settle_rcvtimeo(struct scene *s) { set_timeout(s, s->in[0], SO_RCVTIMEO); }
static inline void settle_sndtimeo(struct scene *s)
{
	set_timeout(s, s->out[1], SO_SNDTIMEO);
	fill_out(s);
}
static inline long call_connect_time(struct scene *s)
{
	int fd = a_client(), e;
	long r;
	set_timeout(s, fd, SO_SNDTIMEO);
	r = syscall(SYS_connect, fd, &listener_address, listener_length);
	e = errno;
	close(fd);
	errno = e;
	return r;
}
static inline long call_io_uring_enter_time(struct scene *s)
{
	struct __kernel_timespec t = { s->span.tv_sec, s->span.tv_nsec };
	struct io_uring_getevents_arg with = { .ts = (uintptr_t)&t };
	if (s->refused)
		return -1;
	return uring_got(s, syscall(SYS_io_uring_enter, uring.fd, 0, 1,
		IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &with, sizeof with));
}

#define TIMED_ELSEWHERE \
	{ "recv, timed", SYS_recvfrom, call_recvfrom, feed_in, stream_in, settle_rcvtimeo, 0, 0 }, \
	{ "recvmsg, timed", SYS_recvmsg, call_recvmsg, feed_in, packets_in, settle_rcvtimeo, 0, 0 }, \
	{ "recvmmsg, timed", SYS_recvmmsg, call_recvmmsg, feed_in, packets_in, settle_rcvtimeo, 0, 0 }, \
	{ "accept, timed", CALL_ACCEPT, call_accept, connect_client, listener_in, settle_rcvtimeo, 0, 0 }, \
	{ "accept4, timed", SYS_accept4, call_accept4, connect_client, listener_in, settle_rcvtimeo, 0, 0 }, \
	{ "read, timed", SYS_read, call_read, feed_in, stream_in, settle_rcvtimeo, 0, 0 }, \
	{ "readv, timed", SYS_readv, call_readv, feed_in, stream_in, settle_rcvtimeo, 0, 0 }, \
	{ "write, timed", SYS_write, call_write, drain_out, stream_out, settle_sndtimeo, 0, 0 }, \
	{ "writev, timed", SYS_writev, call_writev, drain_out, stream_out, settle_sndtimeo, 0, 0 }, \
	{ "sendmmsg, timed", SYS_sendmmsg, call_sendmmsg, drain_out, packets_out, settle_sndtimeo, 0, 0 }, \
	{ "send, timed", SYS_sendto, call_sendto, drain_out, stream_out, settle_sndtimeo, 0, 0 }, \
	{ "sendmsg, timed", SYS_sendmsg, call_sendmsg, drain_out, packets_out, settle_sndtimeo, 0, 0 }, \
	{ "connect, timed", SYS_connect, call_connect_time, accept_one, full_listener, 0, 0, 0 }, \
	{ "io_uring_enter, timed", SYS_io_uring_enter, call_io_uring_enter_time, feed_in, pipe_in, settle_uring, 0, 0 }

#define CASES(table) ((int)(sizeof (table) / sizeof *(table)))

#endif
