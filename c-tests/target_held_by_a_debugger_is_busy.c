/*
 * Another process traces the target, as a debugger does. The calls wait for
 * MMAN_PEER_TIMEOUT_MS, then answer EAGAIN and name the tracer; neither it nor
 * the target notices. Once it has let go the target can be reached. The same if
 * the tracer is the caller.
 *
 * runs-alone
 */
#include "disturb.h"
#include <sys/ptrace.h>

static struct { atomic_int traced, let_go; atomic_ulong progress; pid_t target; } *shared;

static int target(int channel)
{
	(void)channel;
	for (;;) {
		CHECK(usleep(500) == 0);
		shared->progress++;
	}
	return 0;
}

static int tracer(int channel)
{
	int status;
	CHECK(ptrace(PTRACE_SEIZE, shared->target, NULL, NULL) == 0);
	shared->traced = 1;
	hear_word(channel);
	CHECK(waitpid(-1, &status, __WALL | WNOHANG) == 0);
	CHECK(ptrace(PTRACE_INTERRUPT, shared->target, NULL, NULL) == 0);
	CHECK(waitpid(shared->target, &status, __WALL) == shared->target);
	CHECK(WIFSTOPPED(status) && status >> 16 == PTRACE_EVENT_STOP);
	CHECK(ptrace(PTRACE_DETACH, shared->target, NULL, NULL) == 0);
	return 0;
}

static void find_busy(pid_t pid, pid_t holder)
{
	unsigned long progress = shared->progress;
	double began = check_now(), took;
	char number[16];
	CHECK_MAP_FAILS(mmap_peer(pid, NULL, check_page(), PROT_READ, MAP_PRIVATE | MAP_ANON, NOFD, 0), EAGAIN);
	took = check_now() - began;
	fprintf(stderr, "after %.3f s: %s\n", took, mman_peer_explain());
	CHECK(took > 0.19 && took < 0.7);
	snprintf(number, sizeof number, "%d", (int)holder);
	CHECK(strstr(mman_peer_explain(), number) != NULL);
	CHECK_UNMAP_FAILS(munmap_peer(pid, (void *)0x10000, check_page()), EAGAIN);
	CHECK(tracer_of(pid) == holder);
	AWAIT(shared->progress > progress + 2);
}

int main(int argc, char **argv)
{
	struct peer p, debugger;
	int status;
	(void)argc;
	with_environment(argv, "MMAN_PEER_TIMEOUT_MS", "200");
	shared = shared_memory(sizeof *shared);
	p = peer_start(target);
	shared->target = p.pid;
	debugger = peer_start(tracer);
	AWAIT(shared->traced);
	find_busy(p.pid, debugger.pid);
	tell_word(debugger.channel, 0);
	CHECK(peer_status(&debugger) == 0);
	disturb_times(p.pid, 5);

	CHECK(ptrace(PTRACE_SEIZE, p.pid, NULL, NULL) == 0);
	find_busy(p.pid, getpid());
	CHECK(ptrace(PTRACE_INTERRUPT, p.pid, NULL, NULL) == 0);
	CHECK(waitpid(p.pid, &status, __WALL) == p.pid && WIFSTOPPED(status));
	CHECK(ptrace(PTRACE_DETACH, p.pid, NULL, NULL) == 0);
	disturb_times(p.pid, 5);
	peer_kill(&p);
	return 0;
}
