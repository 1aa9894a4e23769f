/*
 * A record lock (fcntl(2), F_SETLK) of the target's on the very object that is mapped
 * into it stays. The kernel drops it with any descriptor of that file that is closed
 * in the process, and injection closes one there: so it refuses with ENOTSUP, and says
 * why. A service has a table of descriptors of its own. What others have locked, what
 * the target waits for, and locks of open files are no hindrance.
 */
#include "caller.h"
#include "disturb.h"

#if defined(SYS_fcntl64)
#define CALL_OF_FCNTL SYS_fcntl64
#else
#define CALL_OF_FCNTL SYS_fcntl
#endif

/* A 64-bit caller in its stead (wide/) has no service for the target. */
#pragma weak mman_peer_serve

static int object;                      /* open in all processes alike */
static int by_service;                  /* every call goes that way */
static const char *by;                  /* MMAN_PEER_ENGINE */

/* A lock on the first bytes of the object, or on one byte further on. */
struct order { int command, type, at, length; };
enum { SERVE = -1, END = -2 };

static struct flock lock_of(int type, int at, int length)
{
	struct flock lock = { .l_type = (short)type, .l_whence = SEEK_SET };
	lock.l_start = at;
	lock.l_len = length;
	return lock;
}

static int locking_body(int channel)
{
	struct order o;
	/* An open file of its own, of which nobody else has a descriptor. */
	char path[64];
	int own;
	snprintf(path, sizeof path, "/proc/self/fd/%d", object);
	own = open(path, O_RDWR | O_CLOEXEC);
	CHECK(own != -1);
	CHECK(mman_peer_allow(-1) == 0);
	tell_word(channel, 1);
	for (;;) {
		hear(channel, &o, sizeof o);
		if (o.command == END)
			return 0;
		if (o.command == SERVE) {
			CHECK(mman_peer_serve() == 0);
		} else {
			struct flock lock = lock_of(o.type, o.at, o.length);
			CHECK(fcntl(own, o.command, &lock) == 0);
		}
		tell_word(channel, 1);
	}
}

static struct peer locking_peer(void)
{
	struct peer p = peer_start(locking_body);
	CHECK(hear_word(p.channel) == 1);
	return p;
}

static void order(struct peer *p, int command, int type, int at, int length)
{
	struct order o = { command, type, at, length };
	tell(p->channel, &o, sizeof o);
}

static void lock(struct peer *p, int command, int type, int at, int length)
{
	order(p, command, type, at, length);
	CHECK(hear_word(p->channel) == 1);
}

/* Who has locked any of this; 0 for nobody, -1 for an open file. */
static pid_t holder(int at, int length)
{
	struct flock is = lock_of(F_WRLCK, at, length);
	CHECK(fcntl(object, F_GETLK, &is) == 0);
	return is.l_type == F_UNLCK ? 0 : is.l_pid;
}

static void maps(struct peer *target)
{
	void *m;
	CHECK_MAPS(m, mmap_peer(target->pid, NULL, check_page(), PROT_READ, MAP_SHARED, object, 0));
	CHECK_OK(munmap_peer(target->pid, m, check_page()));
}

/* By injection nothing is done; a service maps it. */
static void keeps_its_lock(struct peer *target)
{
	static struct portrait before, after;
	if (by_service) {
		maps(target);
		return;
	}
	await_syscall(target->pid, CALL_OF_RECV);
	portrait_take(target->pid, &before);
	CHECK_MAP_FAILS(mmap_peer(target->pid, NULL, check_page(), PROT_READ, MAP_SHARED, object, 0), ENOTSUP);
	CHECK(strstr(mman_peer_explain(), "record lock") != NULL);
	CHECK(strstr(mman_peer_explain(), "mman_peer_serve()") != NULL);
	CHECK(strstr(mman_peer_explain(), "F_OFD_SETLK") != NULL);
	portrait_take(target->pid, &after);
	portrait_same(&before, &after);
	/* What brings no descriptor in is none of it. */
	disturb(target->pid);
}

/* When a call that has another way has given the service up. */
static void *continue_late(void *arg)
{
	const struct peer *target = arg;
	sleep_until(check_now() + 0.3);
	CHECK(kill(target->pid, SIGCONT) == 0);
	return NULL;
}

static void all_of_it(void)
{
	struct peer target = locking_peer(), other = locking_peer();
	pthread_t late;

	lock(&target, F_SETLK, F_WRLCK, 7, 1);
	keeps_its_lock(&target);
	CHECK(holder(0, 0) == target.pid);
	maps(&other);
	CHECK(holder(0, 0) == target.pid);
	lock(&target, F_SETLK, F_UNLCK, 0, 0);
	maps(&target);

	/* Another's, and one of its own that another's hides from F_GETLK. */
	lock(&other, F_SETLK, F_RDLCK, 0, 100);
	maps(&target);
	lock(&target, F_SETLK, F_RDLCK, 0, 100);
	keeps_its_lock(&target);
	keeps_its_lock(&other);
	lock(&other, F_SETLK, F_UNLCK, 0, 0);
	CHECK(holder(0, 0) == target.pid);
	lock(&target, F_SETLK, F_UNLCK, 0, 0);

	/* One that it waits for. */
	lock(&other, F_SETLK, F_WRLCK, 0, 1);
	order(&target, F_SETLKW, F_WRLCK, 0, 1);
	await_syscall(target.pid, CALL_OF_FCNTL);
	maps(&target);
	lock(&other, F_SETLK, F_UNLCK, 0, 0);
	CHECK(hear_word(target.channel) == 1);
	keeps_its_lock(&target);
	CHECK(holder(0, 0) == target.pid);
	lock(&target, F_SETLK, F_UNLCK, 0, 0);

	/* Those of open files: its own, and another's before a record lock of its own. */
	lock(&target, F_OFD_SETLK, F_WRLCK, 7, 1);
	maps(&target);
	CHECK(holder(0, 0) == -1);
	lock(&target, F_OFD_SETLK, F_UNLCK, 0, 0);
	lock(&other, F_OFD_SETLK, F_RDLCK, 0, 100);
	maps(&target);
	lock(&target, F_SETLK, F_RDLCK, 0, 100);
	keeps_its_lock(&target);
	lock(&other, F_OFD_SETLK, F_UNLCK, 0, 0);
	CHECK(holder(0, 0) == target.pid);

	/* The remedy. */
	if (mman_peer_serve != NULL && (by == NULL || strcmp(by, "auto") == 0)) {
		lock(&target, SERVE, 0, 0, 0);
		maps(&target);
		CHECK(holder(0, 0) == target.pid);
		/* A service that is late is waited for: injection would reach the target. */
		CHECK(kill(target.pid, SIGSTOP) == 0);
		await_state(target.pid, 'T');
		late = thread_start(continue_late, &target);
		maps(&target);
		thread_end(late);
		CHECK(holder(0, 0) == target.pid);
	}
	order(&target, END, 0, 0, 0);
	order(&other, END, 0, 0, 0);
	CHECK(peer_status(&target) == 0 && peer_status(&other) == 0);
	close(target.channel);
	close(other.channel);
}

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	by = getenv("MMAN_PEER_ENGINE");
	by_service = by != NULL && strcmp(by, "service") == 0;

	object = open("locked", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(object != -1 && ftruncate(object, (off_t)check_page()) == 0);
	all_of_it();
	close(object);
	object = marked_memfd(1);
	all_of_it();
	CHECK(unlink("locked") == 0);
	return 0;
}
