/*
 * Signals to the process run their handlers on the program's own thread; exit,
 * exec and a fork of the serving process go as without a service.
 */
#include "caller.h"
#include "service.h"

static volatile pid_t ran_on;
static volatile int ran;
static void handler(int signal) { (void)signal; ran_on = (pid_t)syscall(SYS_gettid); ran++; }

static int body(int channel)
{
	struct sigaction act = { .sa_handler = handler };
	CHECK_OK(mman_peer_serve());
	CHECK(sigaction(SIGUSR1, &act, NULL) == 0 && sigaction(SIGRTMIN + 3, &act, NULL) == 0);
	tell_word(channel, 1);
	while (ran < 20)
		usleep(100);
	CHECK(ran_on == getpid());
	tell_word(channel, 1);
	return obedient_body(channel);
}

static int execs(int channel)
{
	char *argv[] = { "sh", "-c", "read line; exit 7", NULL };
	CHECK_OK(mman_peer_serve());
	CHECK(dup2(channel, 0) == 0);
	unsetenv("MMAN_PEER_SERVE");
	execv("/bin/sh", argv);
	return 1;
}

static int exits(int channel)
{
	(void)channel;
	CHECK_OK(mman_peer_serve());
	exit(8);
}

static void map_and_unmap(pid_t pid)
{
	void *a;
	CHECK_MAPS(a, mmap_peer(pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
	CHECK_OK(munmap_peer(pid, a, check_page()));
}

int main(void)
{
	struct peer p = peer_start(body);
	CHECK(hear_word(p.channel) == 1);
	for (int i = 0; i < check_rounds(1000); i++) {
		/* Queued ones, so that each runs its handler. */
		if (i < 20)
			CHECK(kill(p.pid, SIGRTMIN + 3) == 0 && kill(p.pid, SIGUSR1) == 0);
		map_and_unmap(p.pid);
	}
	CHECK(hear_word(p.channel) == 1);
	use_service(&p);
	peer_dismiss(&p);

	p = peer_start(execs);
	AWAIT(thread_count(p.pid) == 1 && service_connect(p.pid) == -1);
	CHECK(send(p.channel, "\n", 1, 0) == 1);
	CHECK(peer_status(&p) == 7);
	close(p.channel);
	p = peer_start(exits);
	CHECK(peer_status(&p) == 8);
	close(p.channel);
	return 0;
}
