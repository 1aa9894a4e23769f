/*
 * When the caller itself traces (Yama's scope 1), signals that arrive
 * at the target during calls reach it, each once, with its value and sender.
 *
 * time-limit: 40
 */
#include "yama.h"

enum { MANY = 1500, LEAST_CALLS = 50 };
#define SIGNALS check_rounds(MANY)

static struct tally {
	volatile unsigned long received, sum, wrong, sent;
	volatile pid_t sender;
} *tally;

static struct peer target, sender;

static void on_signal(int signal, siginfo_t *info, void *context)
{
	(void)context;
	tally->received++;
	tally->sum += (unsigned long)info->si_value.sival_int;
	if (signal != SIGRTMIN || info->si_code != SI_QUEUE || info->si_pid != tally->sender)
		tally->wrong++;
}

static int target_body(int channel)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	CHECK(sigaction(SIGRTMIN, &action, NULL) == 0);
	tell_word(channel, 1);
	return sleep_for_ever();
}

static int sender_body(int channel)
{
	tally->sender = getpid();
	CHECK(hear_word(channel) == 1);
	while (tally->sent < (unsigned long)SIGNALS) {
		union sigval value = { .sival_int = (int)tally->sent + 1 };
		if (sigqueue(target.pid, SIGRTMIN, value) == 0)
			tally->sent++;
		else
			CHECK(errno == EAGAIN);         /* the queue is full for now */
		usleep(50);
	}
	return 0;
}

static void prepare(void)
{
	target = peer_start(target_body);
	CHECK(hear_word(target.channel) == 1);
	sender = peer_start(sender_body);
	AWAIT(tally->sender != 0);
}

static void run(void)
{
	int calls = 0;
	tell_word(sender.channel, 1);
	while (tally->sent < (unsigned long)SIGNALS || calls < LEAST_CALLS) {
		void *at;
		CHECK_MAPS(at, mmap_peer(target.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
		CHECK_OK(munmap_peer(target.pid, at, check_page()));
		calls += 2;
	}
	CHECK(peer_status(&sender) == 0);
	AWAIT(tally->received >= (unsigned long)SIGNALS);
	CHECK(tally->received == (unsigned long)SIGNALS);
	CHECK(tally->sum == (unsigned long)SIGNALS * (SIGNALS + 1) / 2);
	CHECK(tally->wrong == 0);
	peer_kill(&target);
}

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	tally = mmap(NULL, sizeof *tally, READ_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	CHECK(tally != MAP_FAILED);
	under_yama(yama_scope_1, prepare, run);
	CHECK(yama_refusals > 0 && yama_grants > 0);
	return 0;
}
