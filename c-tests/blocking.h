/*
 * blocking.h: system calls that a target may sleep in, as a table, and a stage
 * on which each is played twice: as it is, and with something done to it. The
 * first play is the oracle: what the second one returns must be the same.
 *
 * A case has hooks of the target (settle, call) and of its tester (prepare,
 * rearm, wake, clean). Tester and target share the scene, and the descriptors
 * that prepare has opened. A case without `wake` ends by its own timeout.
 * All cases are played at the same time; they sleep nearly always.
 */
#ifndef BLOCKING_H
#define BLOCKING_H
#include "disturb.h"
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <mqueue.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/un.h>

struct scene {
	/* What the tester sets up. */
	int in[2], out[2];
	int ipc;
	pid_t tester, target;
	struct timespec span;           /* of a case with a timeout */
	_Atomic uint32_t word;          /* of a futex */
	int handler_flags;              /* of SIGUSR1: 0 or SA_RESTART */
	/* The play's progress, counted in rounds. */
	atomic_int turn, calling, done;
	atomic_int handled;             /* how often SIGUSR1's handler has run */
	/* The last round's outcome. */
	long result, error, extra;
	int handled_at_return;
	double began, took, woken;      /* woken: when the tester ended the call, or 0 */
	/* What the play was. */
	int refused;                    /* the system has no such call */
	int pairs;
	double calls_took;              /* the pairs of mapping calls, all together */
};

struct blocking {
	const char *name;
	long number;                            /* the call that it sleeps in */
	long (*call)(struct scene *);
	void (*wake)(struct scene *);
	void (*prepare)(struct scene *);
	void (*settle)(struct scene *);
	void (*rearm)(struct scene *);
	void (*clean)(struct scene *);
};

/* ---- calls that processors have in different forms ---- */

#if defined(__i386__)
/* Several calls in one: socketcall(2), ipc(2). Files' sizes and offsets are of 64 bits only by name. */
enum { CALL_ACCEPT = SYS_socketcall, CALL_SEMOP = SYS_ipc, CALL_SEMTIMEDOP = SYS_ipc,
	CALL_SELECT = SYS__newselect, CALL_IO_PGETEVENTS = 385, CALL_OFD_LOCK = SYS_fcntl64 };
typedef struct flock64 ofd_lock;
static inline long raw_accept(int fd)
{
	unsigned long arguments[] = { (unsigned long)fd, 0, 0 };
	return syscall(SYS_socketcall, 5 /* SYS_ACCEPT */, arguments);
}
static inline long raw_semop(int id, struct sembuf *what) { return syscall(SYS_ipc, 1 /* SEMOP */, id, 1, 0, what); }
static inline long raw_semtimedop(int id, struct sembuf *what, const struct timespec *span)
{
	return syscall(SYS_ipc, 4 /* SEMTIMEDOP */, id, 1, 0, what, span);
}
#else
enum { CALL_ACCEPT = SYS_accept, CALL_SEMOP = SYS_semop, CALL_SEMTIMEDOP = SYS_semtimedop, CALL_OFD_LOCK = SYS_fcntl };
typedef struct flock ofd_lock;
static inline long raw_accept(int fd) { return syscall(SYS_accept, fd, NULL, NULL); }
static inline long raw_semop(int id, struct sembuf *what) { return syscall(SYS_semop, id, what, 1); }
static inline long raw_semtimedop(int id, struct sembuf *what, const struct timespec *span)
{
	return syscall(SYS_semtimedop, id, what, 1, span);
}
#endif

#if defined(SYS_poll)
enum { CALL_POLL = SYS_poll, CALL_EPOLL_WAIT = SYS_epoll_wait };
#if !defined(__i386__)
enum { CALL_SELECT = SYS_select, CALL_IO_PGETEVENTS = 333 };
#endif
static inline long raw_poll(struct pollfd *p, nfds_t n, int ms) { return syscall(SYS_poll, p, n, ms); }
static inline long raw_select(int n, fd_set *in, struct timeval *left) { return syscall(CALL_SELECT, n, in, NULL, NULL, left); }
static inline long raw_epoll_wait(int epoll, struct epoll_event *e, int n, int ms)
{
	return syscall(SYS_epoll_wait, epoll, e, n, ms);
}
#else
/* Younger processors have only the younger forms. */
enum { CALL_POLL = SYS_ppoll, CALL_EPOLL_WAIT = SYS_epoll_pwait, CALL_SELECT = SYS_pselect6, CALL_IO_PGETEVENTS = SYS_io_pgetevents };
static inline long raw_poll(struct pollfd *p, nfds_t n, int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	return syscall(SYS_ppoll, p, n, ms < 0 ? NULL : &t, NULL, 8);
}
static inline long raw_select(int n, fd_set *in, struct timeval *left)
{
	struct timespec t;
	long r;
	if (left == NULL)
		return syscall(SYS_pselect6, n, in, NULL, NULL, NULL, NULL);
	t = (struct timespec){ left->tv_sec, left->tv_usec * 1000 };
	r = syscall(SYS_pselect6, n, in, NULL, NULL, &t, NULL);
	*left = (struct timeval){ t.tv_sec, t.tv_nsec / 1000 };
	return r;
}
static inline long raw_epoll_wait(int epoll, struct epoll_event *e, int n, int ms)
{
	return syscall(SYS_epoll_pwait, epoll, e, n, ms, NULL, 8);
}
#endif

/* ---- small words that several cases use ---- */

static inline struct timespec timespec_of(double seconds)
{
	seconds *= check_slowness();
	struct timespec t = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };
	return t;
}

static inline double seconds_of(const struct timespec *t)
{
	return ((double)t->tv_sec + (double)t->tv_nsec / 1e9) / check_slowness();
}

static inline struct timespec clock_in(clockid_t clock, const struct timespec *span)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return timespec_of(seconds_of(&t) + seconds_of(span));
}

/* Does the remaining time that an interrupted call has written fit what is left of its span? */
static inline long remaining_fits(struct scene *s, double remaining)
{
	double off = s->began + seconds_of(&s->span) - (check_now() + remaining);
	double much = check_slowness() > 1 ? 0.8 : 0.4;
	return off < much && off > -much;
}

/* The same of a call that writes it always: after its whole span none is left. */
static inline long result_fits_remaining(struct scene *s, long r, double remaining)
{
	return r == 0 ? remaining == 0 : remaining_fits(s, remaining);
}

static inline void pipe_in(struct scene *s)      { CHECK(pipe(s->in) == 0); }
static inline void stream_in(struct scene *s)    { CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, s->in) == 0); }
static inline void packets_in(struct scene *s)   { CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s->in) == 0); }
static inline void feed_in(struct scene *s)      { CHECK(write(s->in[1], "x\n", 2) == 2); }
static inline void wake_by_signal(struct scene *s) { CHECK(kill(s->target, SIGUSR2) == 0); }

/* Takes what the wake wrote, so that the next round blocks again. */
static inline long take_fed(struct scene *s, long result)
{
	char b[2];
	if (result > 0)
		s->extra = recv(s->in[0], b, 2, MSG_DONTWAIT) == 2 || read(s->in[0], b, 2) == 2;
	return result;
}

static inline void mask_signal(int how, int sig)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, sig);
	CHECK(sigprocmask(how, &set, NULL) == 0);
}

#define KERNEL_SIGSET 8         /* the size of the kernel's sigset_t */
/* The kernel's sigset_t with only that signal. */
static inline uint64_t kernel_set(int sig) { return 1ull << (sig - 1); }

/* ---- sleeps ---- */

static inline long slept(struct scene *s, long r, struct timespec *rem)
{
	if (r == -1)
		s->extra = remaining_fits(s, seconds_of(rem));
	return r;
}

static inline long call_nanosleep(struct scene *s)
{
	struct timespec rem = { 0, 0 };
	return slept(s, syscall(SYS_nanosleep, &s->span, &rem), &rem);
}

static inline long call_clock_nanosleep(struct scene *s)
{
	struct timespec rem = { 0, 0 };
	return slept(s, syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &s->span, &rem), &rem);
}

static inline long call_clock_nanosleep_until(struct scene *s)
{
	struct timespec end = clock_in(CLOCK_MONOTONIC, &s->span);
	return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL);
}

static inline long call_clock_nanosleep_until_date(struct scene *s)
{
	struct timespec end = clock_in(CLOCK_REALTIME, &s->span);
	return syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &end, NULL);
}

static inline long call_pause(struct scene *s) { (void)s; return pause(); }

/* SIGUSR1 and SIGUSR2 are blocked but for the time of the call. */
static inline void settle_sigsuspend(struct scene *s)
{
	(void)s;
	mask_signal(SIG_BLOCK, SIGUSR1);
	mask_signal(SIG_BLOCK, SIGUSR2);
}
static inline long call_sigsuspend(struct scene *s)
{
	uint64_t none = 0;
	sigset_t now;
	long r = syscall(SYS_rt_sigsuspend, &none, KERNEL_SIGSET);
	int e = errno;
	CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0);
	s->extra = sigismember(&now, SIGUSR1) && sigismember(&now, SIGUSR2);
	errno = e;
	return r;
}

/* ---- waits for descriptors ---- */

static inline long call_poll_time(struct scene *s)
{
	return raw_poll(NULL, 0, (int)(seconds_of(&s->span) * 1000 * check_slowness()));
}

static inline long call_poll(struct scene *s)
{
	struct pollfd p = { .fd = s->in[0], .events = POLLIN };
	return take_fed(s, raw_poll(&p, 1, -1));
}

static inline long call_ppoll_time(struct scene *s)
{
	struct timespec left = s->span;
	uint64_t mask = kernel_set(SIGUSR2);
	long r = syscall(SYS_ppoll, NULL, 0, &left, &mask, KERNEL_SIGSET);
	s->extra = result_fits_remaining(s, r, seconds_of(&left));
	return r;
}

static inline long call_ppoll(struct scene *s)
{
	struct pollfd p = { .fd = s->in[0], .events = POLLIN };
	uint64_t mask = kernel_set(SIGUSR2);
	return take_fed(s, syscall(SYS_ppoll, &p, 1, NULL, &mask, KERNEL_SIGSET));
}

static inline long call_select_time(struct scene *s)
{
	struct timeval left = { s->span.tv_sec, s->span.tv_nsec / 1000 };
	long r = raw_select(0, NULL, &left);
	s->extra = result_fits_remaining(s, r, ((double)left.tv_sec + (double)left.tv_usec / 1e6) / check_slowness());
	return r;
}

static inline long call_select(struct scene *s)
{
	fd_set set;
	FD_ZERO(&set);
	FD_SET(s->in[0], &set);
	return take_fed(s, raw_select(s->in[0] + 1, &set, NULL));
}

static inline long call_pselect_time(struct scene *s)
{
	struct timespec left = s->span;
	uint64_t mask = kernel_set(SIGUSR2);
	struct { uint64_t *set; size_t size; } with = { &mask, KERNEL_SIGSET };
	long r = syscall(SYS_pselect6, 0, NULL, NULL, NULL, &left, &with);
	s->extra = result_fits_remaining(s, r, seconds_of(&left));
	return r;
}

/* Without a timeout; with one they are in timed_waits.h, for that is another promise. */
static inline int epoll_on(int fd)
{
	static int epoll = -1;
	struct epoll_event e = { .events = EPOLLIN };
	if (epoll == -1) {
		CHECK((epoll = epoll_create1(EPOLL_CLOEXEC)) != -1);
		CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0);
	}
	return epoll;
}

static inline long call_epoll_wait(struct scene *s)
{
	struct epoll_event e[2];
	return take_fed(s, raw_epoll_wait(epoll_on(s->in[0]), e, 2, -1));
}

static inline long call_epoll_pwait(struct scene *s)
{
	struct epoll_event e[2];
	uint64_t mask = kernel_set(SIGUSR2);
	return take_fed(s, syscall(SYS_epoll_pwait, epoll_on(s->in[0]), e, 2, -1, &mask, KERNEL_SIGSET));
}

static inline long call_epoll_pwait2(struct scene *s)
{
	struct epoll_event e[2];
	return take_fed(s, syscall(SYS_epoll_pwait2, epoll_on(s->in[0]), e, 2, NULL, NULL, KERNEL_SIGSET));
}

/* ---- futexes ---- */

static inline long call_futex(struct scene *s)
{
	return syscall(SYS_futex, &s->word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static inline long call_futex_time(struct scene *s)
{
	return syscall(SYS_futex, &s->word, FUTEX_WAIT, 0, &s->span, NULL, 0);
}

static inline long call_futex_until(struct scene *s)
{
	struct timespec end = clock_in(CLOCK_MONOTONIC, &s->span);
	return syscall(SYS_futex, &s->word, FUTEX_WAIT_BITSET, 0, &end, NULL, FUTEX_BITSET_MATCH_ANY);
}

static inline void wake_futex(struct scene *s)
{
	/* A disturbed waiter may be just between two waits, so more than one try. */
	double give_up = check_now() + 5;
	while (syscall(SYS_futex, &s->word, FUTEX_WAKE, 1, NULL, NULL, 0) != 1)
		CHECK(check_now() < give_up);
}

static inline long call_futex_waitv(struct scene *s)
{
	struct { uint64_t value, address; uint32_t flags, reserved; } w = {
		0, (uintptr_t)&s->word, 2 /* FUTEX_32 */, 0 };
	return syscall(449 /* futex_waitv */, &w, 1, 0, NULL, CLOCK_MONOTONIC);
}

/* A lock with priority inheritance, which the tester holds. */
static inline void hold_pi(struct scene *s)
{
	CHECK(syscall(SYS_futex, &s->word, FUTEX_LOCK_PI, 0, NULL, NULL, 0) == 0);
}
static inline void release_pi(struct scene *s)
{
	CHECK(syscall(SYS_futex, &s->word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0) == 0);
}
static inline long call_futex_pi(struct scene *s)
{
	long r = syscall(SYS_futex, &s->word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	if (r == 0)
		release_pi(s);
	return r;
}

/* ---- reads and writes ---- */

static inline long call_read(struct scene *s)
{
	char b[16] = "";
	long r = syscall(SYS_read, s->in[0], b, sizeof b);
	s->extra = b[0];
	return r;
}

static inline long call_readv(struct scene *s)
{
	char b[16] = "";
	struct iovec v[2] = { { b, 1 }, { b + 8, 8 } };
	long r = syscall(SYS_readv, s->in[0], v, 2);
	s->extra = b[0];
	return r;
}

static inline void terminal_in(struct scene *s)
{
	char name[64];
	s->in[1] = posix_openpt(O_RDWR | O_NOCTTY);
	CHECK(s->in[1] != -1 && grantpt(s->in[1]) == 0 && unlockpt(s->in[1]) == 0);
	CHECK(ptsname_r(s->in[1], name, sizeof name) == 0);
	CHECK((s->in[0] = open(name, O_RDWR | O_NOCTTY)) != -1);
}

static inline void counter_in(struct scene *s)
{
	CHECK((s->in[0] = s->in[1] = eventfd(0, 0)) != -1);
}
static inline void feed_counter(struct scene *s)
{
	uint64_t one = 1;
	CHECK(write(s->in[1], &one, sizeof one) == sizeof one);
}

static inline void timer_in(struct scene *s)
{
	CHECK((s->in[0] = timerfd_create(CLOCK_MONOTONIC, 0)) != -1);
}
static inline void settle_timer(struct scene *s)
{
	struct itimerspec when = { .it_value = s->span };
	CHECK(timerfd_settime(s->in[0], 0, &when, NULL) == 0);
}

static inline void settle_signalfd(struct scene *s)
{
	static int fd = -1;
	sigset_t set;
	if (fd != -1)
		return;
	mask_signal(SIG_BLOCK, SIGRTMIN + 4);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 4);
	CHECK((fd = signalfd(-1, &set, 0)) != -1);
	CHECK(dup2(fd, s->in[0]) == s->in[0]);
}
static inline long call_read_signalfd(struct scene *s)
{
	struct signalfd_siginfo info;
	long r = syscall(SYS_read, s->in[0], &info, sizeof info);
	if (r > 0)
		s->extra = info.ssi_int;
	return r;
}
static inline void queue_for_signalfd(struct scene *s)
{
	union sigval v = { .sival_int = 55 };
	CHECK(sigqueue(s->target, SIGRTMIN + 4, v) == 0);
}

static inline void pipe_out(struct scene *s) { CHECK(pipe(s->out) == 0); }
static inline void stream_out(struct scene *s) { CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, s->out) == 0); }
static inline void packets_out(struct scene *s) { CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s->out) == 0); }

static inline void set_nonblocking(int fd, int on)
{
	int flags = fcntl(fd, F_GETFL);
	CHECK(fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) == 0);
}
/* Until nothing more goes in; until nothing more comes out. */
static inline void fill_out(struct scene *s)
{
	static const char block[4096];
	set_nonblocking(s->out[1], 1);
	while (write(s->out[1], block, sizeof block) > 0)
		;
	set_nonblocking(s->out[1], 0);
}
static inline void drain_out(struct scene *s)
{
	char block[65536];
	set_nonblocking(s->out[0], 1);
	while (read(s->out[0], block, sizeof block) > 0)
		;
	set_nonblocking(s->out[0], 0);
}

static inline long call_write(struct scene *s)  { return syscall(SYS_write, s->out[1], "0123456789", 10); }
static inline long call_sendto(struct scene *s) { return syscall(SYS_sendto, s->out[1], "01234", 5, 0, NULL, 0); }
static inline long call_sendmsg(struct scene *s)
{
	struct iovec v = { "0123", 4 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	return syscall(SYS_sendmsg, s->out[1], &m, 0);
}

static inline long call_writev(struct scene *s)
{
	struct iovec v[2] = { { "01", 2 }, { "23", 2 } };
	return syscall(SYS_writev, s->out[1], v, 2);
}
static inline long call_sendmmsg(struct scene *s)
{
	struct iovec v = { "0123", 4 };
	struct mmsghdr m = { .msg_hdr = { .msg_iov = &v, .msg_iovlen = 1 } };
	long r = syscall(SYS_sendmmsg, s->out[1], &m, 1, 0);
	s->extra = m.msg_len;
	return r;
}

static inline void both_pipes(struct scene *s) { pipe_in(s); pipe_out(s); }
static inline long call_splice(struct scene *s)
{
	char b[2];
	long r = syscall(SYS_splice, s->in[0], NULL, s->out[1], NULL, 2, 0);
	if (r == 2)
		s->extra = read(s->out[0], b, 2);
	return r;
}

static inline const char *fifo_name(struct scene *s)
{
	static char name[64];
	snprintf(name, sizeof name, "fifo.%d.%p", (int)s->tester, (void *)s);
	return name;
}
static inline void make_fifo(struct scene *s) { CHECK(mkfifo(fifo_name(s), 0600) == 0); }
static inline void drop_fifo(struct scene *s) { unlink(fifo_name(s)); }
static inline long call_open_fifo(struct scene *s)
{
	long r = syscall(SYS_openat, AT_FDCWD, fifo_name(s), O_RDONLY);
	if (r < 0)
		return r;
	close((int)r);
	return 0;
}
static inline void open_other_end(struct scene *s)
{
	int fd = open(fifo_name(s), O_WRONLY);
	CHECK(fd != -1);
	close(fd);
}

/* ---- sockets ---- */

static inline long call_recvfrom(struct scene *s)
{
	char b[16] = "";
	long r = syscall(SYS_recvfrom, s->in[0], b, sizeof b, 0, NULL, NULL);
	s->extra = b[0];
	return r;
}

static inline long call_recvmsg(struct scene *s)
{
	char b[16] = "";
	struct iovec v = { b, sizeof b };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	long r = syscall(SYS_recvmsg, s->in[0], &m, 0);
	s->extra = b[0];
	return r;
}

static inline long call_recvmmsg(struct scene *s)
{
	char b[2][16] = { "", "" };
	struct iovec v[2] = { { b[0], 16 }, { b[1], 16 } };
	struct mmsghdr m[2] = { { .msg_hdr = { .msg_iov = &v[0], .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = &v[1], .msg_iovlen = 1 } } };
	long r = syscall(SYS_recvmmsg, s->in[0], m, 2, MSG_WAITFORONE, NULL);
	s->extra = b[0][0];
	return r;
}

/* A listener at an address that the kernel chose; out[1] is a first client,
 * which fills the queue of a listener with backlog 0. */
static struct sockaddr_un listener_address;
static socklen_t listener_length;
static inline void listener_in(struct scene *s)
{
	listener_address.sun_family = AF_UNIX;
	listener_length = sizeof listener_address;
	CHECK((s->in[0] = socket(AF_UNIX, SOCK_STREAM, 0)) != -1);
	CHECK(bind(s->in[0], (struct sockaddr *)&listener_address, sizeof(sa_family_t)) == 0);
	CHECK(getsockname(s->in[0], (struct sockaddr *)&listener_address, &listener_length) == 0);
	CHECK(listen(s->in[0], 0) == 0);
}
static inline int a_client(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(fd != -1);
	return fd;
}
static inline void connect_client(struct scene *s)
{
	(void)s;
	CHECK(connect(a_client(), (struct sockaddr *)&listener_address, listener_length) == 0);
}
static inline long accepted(long r)
{
	if (r < 0)
		return r;
	close((int)r);
	return 0;
}
static inline long call_accept(struct scene *s)  { return accepted(raw_accept(s->in[0])); }
static inline long call_accept4(struct scene *s) { return accepted(syscall(SYS_accept4, s->in[0], NULL, NULL, SOCK_CLOEXEC)); }

static inline void full_listener(struct scene *s) { listener_in(s); connect_client(s); }
static inline long call_connect(struct scene *s)
{
	int fd = a_client(), e;
	long r = syscall(SYS_connect, fd, &listener_address, listener_length);
	(void)s;
	e = errno;
	close(fd);
	errno = e;
	return r;
}
static inline void accept_one(struct scene *s)
{
	int fd = accept(s->in[0], NULL, NULL);
	CHECK(fd != -1);
	close(fd);
}

/* ---- children ---- */

static pid_t waited_child;      /* of the target */
static int waited_pidfd = -1;
static inline void settle_child(struct scene *s)
{
	char b[2];
	if (waited_child != 0)
		return;
	waited_child = fork();
	CHECK(waited_child != -1);
	if (waited_child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(read(s->in[0], b, 2) == 2 ? 7 : 1);
	}
	if (waited_pidfd != -1)
		close(waited_pidfd);
	CHECK((waited_pidfd = (int)syscall(SYS_pidfd_open, waited_child, 0)) != -1);
}
static inline long call_wait4(struct scene *s)
{
	int status = 0;
	long r = syscall(SYS_wait4, -1, &status, 0, NULL);
	if (r < 0)
		return r;
	s->extra = r == waited_child ? WEXITSTATUS(status) : -1;
	waited_child = 0;
	return 0;
}
static inline long waited_by_id(struct scene *s, int type, id_t id)
{
	siginfo_t info;
	long r;
	memset(&info, 0, sizeof info);
	r = syscall(SYS_waitid, type, id, &info, WEXITED, NULL);
	if (r == 0) {
		s->extra = info.si_pid == waited_child ? info.si_status : -1;
		waited_child = 0;
	}
	return r;
}
static inline long call_waitid(struct scene *s)       { return waited_by_id(s, P_PID, (id_t)waited_child); }
static inline long call_waitid_pidfd(struct scene *s) { return waited_by_id(s, 3 /* P_PIDFD */, (id_t)waited_pidfd); }

/* ---- System V and POSIX queues ---- */

static inline void semaphore(struct scene *s) { CHECK((s->ipc = semget(IPC_PRIVATE, 1, 0600)) != -1); }
static inline void drop_semaphore(struct scene *s) { semctl(s->ipc, 0, IPC_RMID); }
static inline void raise_semaphore(struct scene *s)
{
	struct sembuf up = { 0, 1, 0 };
	CHECK(semop(s->ipc, &up, 1) == 0);
}
static inline long call_semop(struct scene *s)
{
	struct sembuf down = { 0, -1, 0 };
	return raw_semop(s->ipc, &down);
}
static inline long call_semtimedop(struct scene *s)
{
	struct sembuf down = { 0, -1, 0 };
	return raw_semtimedop(s->ipc, &down, NULL);
}

struct queued { long type; char text[1024]; };
static inline void queue(struct scene *s) { CHECK((s->ipc = msgget(IPC_PRIVATE, 0600)) != -1); }
static inline void drop_queue(struct scene *s) { msgctl(s->ipc, IPC_RMID, NULL); }
static inline void fill_queue(struct scene *s)
{
	struct queued q = { .type = 1 };
	while (msgsnd(s->ipc, &q, sizeof q.text, IPC_NOWAIT) == 0)
		;
}
static inline void drain_queue(struct scene *s)
{
	struct queued q;
	CHECK(msgrcv(s->ipc, &q, sizeof q.text, 0, IPC_NOWAIT) == sizeof q.text);
}
static inline void feed_queue(struct scene *s)
{
	struct queued q = { .type = 3, .text = "q" };
	CHECK(msgsnd(s->ipc, &q, 1, 0) == 0);
}
static inline long call_msgrcv(struct scene *s)
{
	struct queued q = { .type = 0 };
	long r = syscall(SYS_msgrcv, s->ipc, &q, sizeof q.text, 0, 0);
	s->extra = q.type;
	return r;
}
static inline long call_msgsnd(struct scene *s)
{
	struct queued q = { .type = 1 };
	return syscall(SYS_msgsnd, s->ipc, &q, sizeof q.text, 0);
}

static inline void mq(struct scene *s)
{
	char name[64];
	struct mq_attr a = { .mq_maxmsg = 1, .mq_msgsize = 8 };
	snprintf(name, sizeof name, "/mman_peer.%d.%p", (int)getpid(), (void *)s);
	CHECK((s->ipc = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &a)) != -1);
	CHECK(mq_unlink(name) == 0);
}
static inline void feed_mq(struct scene *s)  { CHECK(mq_send(s->ipc, "mq", 2, 5) == 0); }
static inline void fill_mq(struct scene *s)
{
	struct mq_attr now;
	CHECK(mq_getattr(s->ipc, &now) == 0);
	if (now.mq_curmsgs == 0)
		feed_mq(s);
}
static inline void drain_mq(struct scene *s)
{
	char b[8];
	CHECK(mq_receive(s->ipc, b, sizeof b, NULL) == 2);
}
static inline long received_mq(struct scene *s, struct timespec *end)
{
	char b[8];
	unsigned priority = 0;
	long r = syscall(SYS_mq_timedreceive, s->ipc, b, sizeof b, &priority, end);
	s->extra = priority;
	return r;
}
static inline long call_mq_receive(struct scene *s) { return received_mq(s, NULL); }
static inline long call_mq_receive_until(struct scene *s)
{
	struct timespec end = clock_in(CLOCK_REALTIME, &s->span);
	return received_mq(s, &end);
}
static inline long call_mq_send(struct scene *s)
{
	return syscall(SYS_mq_timedsend, s->ipc, "qm", 2, 1, NULL);
}

/* ---- signals ---- */

static inline void settle_sigtimedwait(struct scene *s) { (void)s; mask_signal(SIG_BLOCK, SIGRTMIN + 3); }
static inline void queue_for_sigtimedwait(struct scene *s)
{
	union sigval v = { .sival_int = 77 };
	CHECK(sigqueue(s->target, SIGRTMIN + 3, v) == 0);
}
static inline long awaited_signal(struct scene *s, struct timespec *span)
{
	uint64_t set = kernel_set(SIGRTMIN + 3);
	siginfo_t info;
	long r = syscall(SYS_rt_sigtimedwait, &set, &info, span, KERNEL_SIGSET);
	if (r > 0)
		s->extra = info.si_int;
	return r;
}
static inline long call_sigwaitinfo(struct scene *s) { return awaited_signal(s, NULL); }

/* ---- asynchronous I/O: a poll on the pipe ---- */

static aio_context_t aio;
static int aio_armed;
static inline void settle_aio(struct scene *s)
{
	static struct iocb poll_pipe, *list[1] = { &poll_pipe };
	if (aio == 0)
		CHECK(syscall(SYS_io_setup, 4, &aio) == 0);
	if (aio_armed)
		return;
	memset(&poll_pipe, 0, sizeof poll_pipe);
	poll_pipe.aio_lio_opcode = IOCB_CMD_POLL;
	poll_pipe.aio_fildes = (uint32_t)s->in[0];
	poll_pipe.aio_buf = POLLIN;
	CHECK(syscall(SYS_io_submit, aio, 1, list) == 1);
	aio_armed = 1;
}
static inline long aio_got(struct scene *s, long r)
{
	if (r == 1)
		aio_armed = 0;
	return take_fed(s, r);
}
static inline long call_io_getevents(struct scene *s)
{
	struct io_event e;
	return aio_got(s, syscall(SYS_io_getevents, aio, 1, 1, &e, NULL));
}
static inline long call_io_pgetevents(struct scene *s)
{
	struct io_event e;
	uint64_t mask = kernel_set(SIGUSR2);
	struct { uint64_t *set; size_t size; } with = { &mask, KERNEL_SIGSET };
	return aio_got(s, syscall(CALL_IO_PGETEVENTS, aio, 1, 1, &e, NULL, &with));
}

/* io_uring, by hand: one ring, one poll request at a time. */
static struct { int fd; struct io_uring_params p; char *sq, *cq; struct io_uring_sqe *sqes; int armed; } uring = { .fd = -1 };
static inline void settle_uring(struct scene *s)
{
	uint32_t tail, *array;
	if (uring.fd == -1) {
		uring.fd = (int)syscall(SYS_io_uring_setup, 4, &uring.p);
		if (uring.fd == -1) {
			s->refused = 1;
			return;
		}
		uring.sq = mmap(NULL, uring.p.sq_off.array + 16, PROT_READ | PROT_WRITE, MAP_SHARED, uring.fd, IORING_OFF_SQ_RING);
		uring.cq = mmap(NULL, uring.p.cq_off.cqes + 8 * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE, MAP_SHARED, uring.fd, IORING_OFF_CQ_RING);
		uring.sqes = mmap(NULL, 4 * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED, uring.fd, IORING_OFF_SQES);
		CHECK(uring.sq != MAP_FAILED && uring.cq != MAP_FAILED && (void *)uring.sqes != MAP_FAILED);
	}
	if (uring.armed)
		return;
	tail = *(uint32_t *)(uring.sq + uring.p.sq_off.tail);
	array = (uint32_t *)(uring.sq + uring.p.sq_off.array);
	memset(&uring.sqes[0], 0, sizeof uring.sqes[0]);
	uring.sqes[0].opcode = IORING_OP_POLL_ADD;
	uring.sqes[0].fd = s->in[0];
	uring.sqes[0].poll32_events = POLLIN;
	array[tail & (uring.p.sq_entries - 1)] = 0;
	atomic_store((_Atomic uint32_t *)(uring.sq + uring.p.sq_off.tail), tail + 1);
	CHECK(syscall(SYS_io_uring_enter, uring.fd, 1, 0, 0, NULL, 0) == 1);
	uring.armed = 1;
}
static inline long uring_got(struct scene *s, long r)
{
	if (r == 0 && *(uint32_t *)(uring.cq + uring.p.cq_off.head) != *(volatile uint32_t *)(uring.cq + uring.p.cq_off.tail)) {
		atomic_fetch_add((_Atomic uint32_t *)(uring.cq + uring.p.cq_off.head), 1);
		uring.armed = 0;
		take_fed(s, 1);
	}
	return r;
}
static inline long call_io_uring_enter(struct scene *s)
{
	if (s->refused)
		return -1;
	return uring_got(s, syscall(SYS_io_uring_enter, uring.fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0));
}

/* ---- file locks ---- */

static inline void lock_file(struct scene *s) { CHECK((s->in[0] = memfd_create("lock", 0)) != -1); }
/* An open file description of the target's own. */
static inline int own_lock_file(struct scene *s)
{
	static int fd = -1;
	char path[64];
	if (fd == -1) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", s->in[0]);
		CHECK((fd = open(path, O_RDWR)) != -1);
	}
	return fd;
}
static inline void hold_flock(struct scene *s)    { CHECK(flock(s->in[0], LOCK_EX) == 0); }
static inline void release_flock(struct scene *s) { CHECK(flock(s->in[0], LOCK_UN) == 0); }
static inline long call_flock(struct scene *s)
{
	long r = syscall(SYS_flock, own_lock_file(s), LOCK_EX);
	if (r == 0)
		CHECK(flock(own_lock_file(s), LOCK_UN) == 0);
	return r;
}
static inline long locked(int fd, int command, short type)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_len = 1 };
	return syscall(SYS_fcntl, fd, command, &l);
}
static inline void hold_setlk(struct scene *s)    { CHECK(locked(s->in[0], F_SETLKW, F_WRLCK) == 0); }
static inline void release_setlk(struct scene *s) { CHECK(locked(s->in[0], F_SETLKW, F_UNLCK) == 0); }
static inline long call_setlkw(struct scene *s)
{
	long r = locked(s->in[0], F_SETLKW, F_WRLCK);
	if (r == 0)
		release_setlk(s);
	return r;
}
static inline long ofd_locked(int fd, short type)
{
	ofd_lock l = { .l_type = type, .l_whence = SEEK_SET, .l_len = 1 };
	return syscall(CALL_OFD_LOCK, fd, F_OFD_SETLKW, &l);
}
static inline long call_ofd_setlkw(struct scene *s)
{
	long r = ofd_locked(own_lock_file(s), F_WRLCK);
	if (r == 0)
		CHECK(ofd_locked(own_lock_file(s), F_UNLCK) == 0);
	return r;
}

/* ---- the table ---- */

static const struct blocking blocking_calls[] = {
	{ "nanosleep", SYS_nanosleep, call_nanosleep, 0, 0, 0, 0, 0 },
	{ "clock_nanosleep, relative", SYS_clock_nanosleep, call_clock_nanosleep, 0, 0, 0, 0, 0 },
	{ "clock_nanosleep, absolute", SYS_clock_nanosleep, call_clock_nanosleep_until, 0, 0, 0, 0, 0 },
	{ "clock_nanosleep, real time", SYS_clock_nanosleep, call_clock_nanosleep_until_date, 0, 0, 0, 0, 0 },
	{ "pause", CALL_PAUSE, call_pause, wake_by_signal, 0, 0, 0, 0 },
	{ "sigsuspend", SYS_rt_sigsuspend, call_sigsuspend, wake_by_signal, 0, settle_sigsuspend, 0, 0 },
	{ "poll, timed", CALL_POLL, call_poll_time, 0, 0, 0, 0, 0 },
	{ "poll", CALL_POLL, call_poll, feed_in, pipe_in, 0, 0, 0 },
	{ "ppoll, timed", SYS_ppoll, call_ppoll_time, 0, 0, 0, 0, 0 },
	{ "ppoll", SYS_ppoll, call_ppoll, feed_in, pipe_in, 0, 0, 0 },
	{ "select, timed", CALL_SELECT, call_select_time, 0, 0, 0, 0, 0 },
	{ "select", CALL_SELECT, call_select, feed_in, pipe_in, 0, 0, 0 },
	{ "pselect, timed", SYS_pselect6, call_pselect_time, 0, 0, 0, 0, 0 },
	{ "epoll_wait", CALL_EPOLL_WAIT, call_epoll_wait, feed_in, pipe_in, 0, 0, 0 },
	{ "epoll_pwait", SYS_epoll_pwait, call_epoll_pwait, feed_in, pipe_in, 0, 0, 0 },
	{ "epoll_pwait2", SYS_epoll_pwait2, call_epoll_pwait2, feed_in, pipe_in, 0, 0, 0 },
	{ "futex", SYS_futex, call_futex, wake_futex, 0, 0, 0, 0 },
	{ "futex, timed", SYS_futex, call_futex_time, 0, 0, 0, 0, 0 },
	{ "futex, until", SYS_futex, call_futex_until, 0, 0, 0, 0, 0 },
	{ "futex, PI", SYS_futex, call_futex_pi, release_pi, 0, 0, hold_pi, 0 },
	{ "futex_waitv", 449, call_futex_waitv, wake_futex, 0, 0, 0, 0 },
	{ "read of a pipe", SYS_read, call_read, feed_in, pipe_in, 0, 0, 0 },
	{ "readv of a pipe", SYS_readv, call_readv, feed_in, pipe_in, 0, 0, 0 },
	{ "read of a terminal", SYS_read, call_read, feed_in, terminal_in, 0, 0, 0 },
	{ "read of a socket", SYS_read, call_read, feed_in, stream_in, 0, 0, 0 },
	{ "readv of a socket", SYS_readv, call_readv, feed_in, stream_in, 0, 0, 0 },
	{ "read of an eventfd", SYS_read, call_read, feed_counter, counter_in, 0, 0, 0 },
	{ "read of a timerfd", SYS_read, call_read, 0, timer_in, settle_timer, 0, 0 },
	{ "read of a signalfd", SYS_read, call_read_signalfd, queue_for_signalfd, pipe_in, settle_signalfd, 0, 0 },
	{ "write to a full pipe", SYS_write, call_write, drain_out, pipe_out, fill_out, 0, 0 },
	{ "write to a full socket", SYS_write, call_write, drain_out, stream_out, fill_out, 0, 0 },
	{ "writev to a full socket", SYS_writev, call_writev, drain_out, stream_out, fill_out, 0, 0 },
	{ "splice", SYS_splice, call_splice, feed_in, both_pipes, 0, 0, 0 },
	{ "open of a FIFO", SYS_openat, call_open_fifo, open_other_end, make_fifo, 0, 0, drop_fifo },
	{ "recv", SYS_recvfrom, call_recvfrom, feed_in, stream_in, 0, 0, 0 },
	{ "recvmsg", SYS_recvmsg, call_recvmsg, feed_in, packets_in, 0, 0, 0 },
	{ "recvmmsg", SYS_recvmmsg, call_recvmmsg, feed_in, packets_in, 0, 0, 0 },
	{ "send on a full socket", SYS_sendto, call_sendto, drain_out, stream_out, fill_out, 0, 0 },
	{ "sendmsg on a full socket", SYS_sendmsg, call_sendmsg, drain_out, packets_out, fill_out, 0, 0 },
	{ "sendmmsg on a full socket", SYS_sendmmsg, call_sendmmsg, drain_out, packets_out, fill_out, 0, 0 },
	{ "accept", CALL_ACCEPT, call_accept, connect_client, listener_in, 0, 0, 0 },
	{ "accept4", SYS_accept4, call_accept4, connect_client, listener_in, 0, 0, 0 },
	{ "connect to a full listener", SYS_connect, call_connect, accept_one, full_listener, 0, 0, 0 },
	{ "wait4", SYS_wait4, call_wait4, feed_in, pipe_in, settle_child, 0, 0 },
	{ "waitid", SYS_waitid, call_waitid, feed_in, pipe_in, settle_child, 0, 0 },
	{ "waitid of a pidfd", SYS_waitid, call_waitid_pidfd, feed_in, pipe_in, settle_child, 0, 0 },
	{ "semop", CALL_SEMOP, call_semop, raise_semaphore, semaphore, 0, 0, drop_semaphore },
	{ "semtimedop", CALL_SEMTIMEDOP, call_semtimedop, raise_semaphore, semaphore, 0, 0, drop_semaphore },
	{ "msgrcv", SYS_msgrcv, call_msgrcv, feed_queue, queue, 0, 0, drop_queue },
	{ "msgsnd to a full queue", SYS_msgsnd, call_msgsnd, drain_queue, queue, fill_queue, 0, drop_queue },
	{ "mq_receive", SYS_mq_timedreceive, call_mq_receive, feed_mq, mq, 0, 0, 0 },
	{ "mq_receive, until", SYS_mq_timedreceive, call_mq_receive_until, 0, mq, 0, 0, 0 },
	{ "mq_send to a full queue", SYS_mq_timedsend, call_mq_send, drain_mq, mq, fill_mq, 0, 0 },
	{ "sigwaitinfo", SYS_rt_sigtimedwait, call_sigwaitinfo, queue_for_sigtimedwait, 0, settle_sigtimedwait, 0, 0 },
	{ "io_getevents", SYS_io_getevents, call_io_getevents, feed_in, pipe_in, settle_aio, 0, 0 },
	{ "io_pgetevents", CALL_IO_PGETEVENTS, call_io_pgetevents, feed_in, pipe_in, settle_aio, 0, 0 },
	{ "io_uring_enter", SYS_io_uring_enter, call_io_uring_enter, feed_in, pipe_in, settle_uring, 0, 0 },
	{ "flock", SYS_flock, call_flock, release_flock, lock_file, 0, hold_flock, 0 },
	{ "fcntl F_SETLKW", SYS_fcntl, call_setlkw, release_setlk, lock_file, 0, hold_setlk, 0 },
	{ "fcntl F_OFD_SETLKW", CALL_OFD_LOCK, call_ofd_setlkw, release_setlk, lock_file, 0, hold_setlk, 0 },
};
enum { BLOCKING_CALLS = sizeof blocking_calls / sizeof *blocking_calls };

/* ---- the stage ---- */

static struct scene *on_stage;  /* the target's, for its handlers */
static inline void count_signal(int sig)
{
	if (sig == SIGUSR1)
		on_stage->handled++;
}

__attribute__((noreturn))
static inline void play_target(const struct blocking *b, struct scene *s)
{
	struct sigaction a = { .sa_handler = count_signal, .sa_flags = s->handler_flags };
	int round;
	on_stage = s;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != s->tester)
		_exit(1);
	CHECK(sigaction(SIGUSR1, &a, NULL) == 0);
	a.sa_flags = 0;
	CHECK(sigaction(SIGUSR2, &a, NULL) == 0);
	for (round = 1;; round++) {
		AWAIT(s->turn >= round);
		if (b->settle)
			b->settle(s);
		s->extra = 0;
		errno = 0;
		s->began = check_now();
		s->calling = round;
		s->result = b->call(s);
		s->error = errno;
		s->took = check_now() - s->began;
		s->handled_at_return = s->handled;
		s->done = round;
	}
}

/*
 * A sleep that was disturbed goes on (nanosleep and its like in
 * restart_syscall), or the call has returned.
 */
static inline void await_asleep_or_done(const struct blocking *b, struct scene *s, int round)
{
	long number;
	AWAIT(s->done == round || ((number = task_syscall(s->target), task_state(s->target) == 'S') &&
		(number == b->number || number == SYS_restart_syscall)));
}

/* The tester's side: the target is started, and sleeps in round 1 when this returns. */
static inline void play_round(const struct blocking *b, struct scene *s, int round)
{
	if (b->rearm)
		b->rearm(s);
	s->turn = round;
	AWAIT(s->calling == round || s->done == round);
	await_asleep_or_done(b, s, round);
}

static inline void play_begin(const struct blocking *b, struct scene *s)
{
	pid_t target;
	s->tester = getpid();
	s->in[0] = s->in[1] = s->out[0] = s->out[1] = -1;
	if (b->prepare)
		b->prepare(s);
	target = fork();
	CHECK(target != -1);
	if (target == 0)
		play_target(b, s);
	s->target = target;     /* by the tester alone: the scene is shared */
}

/* Ends the case: the target must be alive to be killed. */
static inline void play_end(struct scene *s)
{
	int status;
	CHECK(waitpid(s->target, &status, WNOHANG) == 0);
	CHECK(kill(s->target, SIGKILL) == 0);
	CHECK(waitpid(s->target, &status, 0) == s->target);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* One tester for each case and play; it exits with 0 if nothing failed. */
struct play {
	const struct blocking *what;
	struct scene *scene;
	pid_t tester;
	int failed;
};

typedef void (*tester_body)(const struct blocking *, struct scene *, int disturbed);

static inline void play_start(struct play *p, const struct blocking *b, tester_body body, int disturbed, int handler_flags, double span)
{
	p->what = b;
	p->scene = shared_memory(sizeof *p->scene);
	p->scene->span = timespec_of(span);
	p->scene->handler_flags = handler_flags;
	fflush(NULL);
	p->tester = fork();
	CHECK(p->tester != -1);
	if (p->tester == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		play_begin(b, p->scene);
		body(b, p->scene, disturbed);
		play_end(p->scene);
		_exit(0);
	}
}

static inline void play_finish(struct play *p)
{
	int status;
	CHECK(waitpid(p->tester, &status, 0) == p->tester);
	p->failed = !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	if (p->what->clean) {
		p->scene->tester = p->tester;
		p->what->clean(p->scene);
	}
}

/* Pairs that reach the target in its call, if it still is in it. */
static inline void play_pairs(struct scene *s, int pairs)
{
	double began = check_now();
	if (s->done)
		return;
	disturb_times(s->target, pairs);
	s->pairs += pairs;
	s->calls_took += check_now() - began;
}

/* Ends the call, if it is for the tester to do so. */
static inline void play_wake(const struct blocking *b, struct scene *s)
{
	if (b->wake && s->done == 0) {
		s->woken = check_now();
		b->wake(s);
	}
	AWAIT(s->done == 1);
}

/* How long the call took; of one that was to be ended, how long after that it ended. */
static inline double play_length(const struct scene *s)
{
	return s->woken != 0 ? s->began + s->took - s->woken : s->took;
}

/*
 * A wait whose remaining time the kernel writes back when something interrupts it,
 * and reads again when it goes on (poll_select_finish() in fs/select.c): it does
 * not run while the target is stopped.
 */
static inline int lasts_longer_by_its_stops(const struct blocking *b)
{
	return b->wake == NULL && (b->number == SYS_ppoll || b->number == SYS_pselect6 || b->number == CALL_SELECT);
}

/* What both plays of a case must have in common; says how they differ. */
static inline int plays_agree(struct play *oracle, struct play *disturbed, double tolerance)
{
	const struct scene *o = oracle->scene, *d = disturbed->scene;
	const char *name = oracle->what->name;
	double late = play_length(d) - play_length(o);
	if (oracle->failed || disturbed->failed) {
		fprintf(stderr, "%s: the %s play failed\n", name, oracle->failed ? "undisturbed" : "disturbed");
		return 0;
	}
	if (o->result != d->result || o->error != d->error || o->extra != d->extra) {
		fprintf(stderr, "%s: result %ld, errno %ld, extra %ld; undisturbed %ld, %ld, %ld\n", name,
			d->result, d->error, d->extra, o->result, o->error, o->extra);
		return 0;
	}
	if (check_slowness() > 1)
		tolerance *= 2;
	if (late > tolerance + (lasts_longer_by_its_stops(oracle->what) ? d->calls_took : 0) || late < -tolerance) {
		fprintf(stderr, "%s: took %.3f s, undisturbed %.3f s\n", name, play_length(d), play_length(o));
		return 0;
	}
	return 1;
}

/*
 * Every case of the table, undisturbed and disturbed, all at once; on a slow machine
 * in two halves, lest its processors be what the cases wait for. `same`
 * compares two plays. The number of cases that differ; cases that this system
 * refuses are named and left out.
 */
static inline int play_table(const struct blocking *table, int cases, tester_body body, int handler_flags,
	double span, int (*same)(struct play *, struct play *))
{
	static struct play plays[100][2];
	int i, k, from, up_to, bad = 0, refused = 0, pairs = 0;
	int at_once = check_slowness() > 1 ? (cases + 1) / 2 : cases;
	for (from = 0; from < cases; from = up_to) {
		up_to = from + at_once < cases ? from + at_once : cases;
		for (i = from; i < up_to; i++)
			for (k = 0; k < 2; k++)
				play_start(&plays[i][k], &table[i], body, k, handler_flags, span);
		for (i = from; i < up_to; i++)
			for (k = 0; k < 2; k++)
				play_finish(&plays[i][k]);
	}
	for (i = 0; i < cases; i++) {
		if (plays[i][0].scene->refused || plays[i][0].scene->error == ENOSYS) {
			printf("%s: this system refuses it\n", table[i].name);
			refused++;
			continue;
		}
		bad += !same(&plays[i][0], &plays[i][1]);
		pairs += plays[i][1].scene->pairs;
	}
	printf("%d calls, %d pairs, %d differ, %d refused\n", cases, pairs, bad, refused);
	CHECK(refused <= cases / 4);
	return bad;
}

static inline int play_all(tester_body body, int handler_flags, double span, int (*same)(struct play *, struct play *))
{
	return play_table(blocking_calls, BLOCKING_CALLS, body, handler_flags, span, same);
}

#endif
