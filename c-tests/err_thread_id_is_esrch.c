/* The id of a thread that is no process id is ESRCH: another process's thread, and one of the caller's own. */
#include "target.h"
#include <pthread.h>

static void *sleeper(void *ids)
{
	pid_t tid = (pid_t)syscall(SYS_gettid);
	CHECK(write(((int *)ids)[1], &tid, sizeof tid) == sizeof tid);
	while (pause() == -1)
		;
	return NULL;
}

static pid_t start_sleeper(void)
{
	pthread_t thread;
	int ids[2];
	pid_t tid;
	CHECK(pipe(ids) == 0);
	CHECK(pthread_create(&thread, NULL, sleeper, ids) == 0);
	CHECK(read(ids[0], &tid, sizeof tid) == sizeof tid);
	return tid;
}

static int two_threads(int channel)
{
	tell_word(channel, (uintptr_t)start_sleeper());
	return obedient_body(channel);
}

static void check_thread(struct target *t, pid_t tid)
{
	CHECK(tid != t->pid);
	MAP_FAILS_CLEANLY(t, mmap_peer(tid, NULL, PAGE, PROT_READ, MAP_SHARED, NOFD, 0), ESRCH);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(tid, (void *)0x10000, PAGE), ESRCH);
}

int main(void)
{
	struct target other = { 0 }, own = { .pid = getpid(), .own = 1 };

	other.peer = peer_start(two_threads);
	other.pid = other.peer.pid;
	check_thread(&other, (pid_t)hear_word(other.peer.channel));
	target_warm_up(&other);		/* the process itself can be reached */
	peer_dismiss(&other.peer);
	check_thread(&own, start_sleeper());
	return 0;
}
