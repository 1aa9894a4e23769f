/*
 * A target sleeps in a system call with known values in all other registers,
 * general and vector, while mappings are made and removed. After the call each
 * register is as before, but those that the call itself defines: the result and,
 * on x86_64, rcx with the address after it and r11 with the flags.
 */
#include "holding.h"
#include <linux/futex.h>
#include <sys/epoll.h>

static int pipe_ends[2];
static int epoll;
static char buffer[4];
static struct epoll_event event;

struct call { long number; uint64_t a[6]; uint64_t result; int by_pipe; };

static struct call call_of_phase(unsigned phase)
{
	static const struct timespec nap = { 0, 200 * 1000 * 1000 };
	struct call calls[] = {
		{ SYS_futex, { (uintptr_t)&board.woken, FUTEX_WAIT, 0, 0, 0, 0 }, 0, 0 },
		{ SYS_read, { (uint64_t)pipe_ends[0], (uintptr_t)buffer, 1, 77, 88, 99 }, 1, 1 },
		{ SYS_epoll_pwait, { (uint64_t)epoll, (uintptr_t)&event, 1, (uint64_t)-1, 0, 8 }, 1, 1 },
		{ SYS_nanosleep, { (uintptr_t)&nap, 0, 66, 77, 88, 99 }, 0, 0 },
	};
	return calls[phase % 4];
}
enum { PHASES = 8 };

static int hold(int channel)
{
	struct epoll_event in = { .events = EPOLLIN };
	unsigned phase;
	int i;
	(void)channel;
	CHECK((epoll = epoll_create1(0)) != -1 && epoll_ctl(epoll, EPOLL_CTL_ADD, pipe_ends[0], &in) == 0);
	for (phase = 1; phase <= PHASES; phase++) {
		struct call c = call_of_phase(phase);
		board_fill(phase);
		board.want[NUMBER] = (uint64_t)c.number;
		for (i = 0; i < 6; i++)
			board.want[argument[i]] = (general)c.a[i];
		board.woken = 0;
		board.phase = phase;
		hold_in_a_call();
		board.want[RESULT] = c.result;
		expect_the_calls_own();
		check_general(CALL_CHANGES);
		check_vectors_after_a_call();
		check_stack(phase);
		if (c.number == SYS_epoll_pwait)
			CHECK(read(pipe_ends[0], buffer, 1) == 1);
	}
	return 0;
}

int main(void)
{
	struct peer p;
	unsigned phase;
	board_set_up();
	CHECK(pipe(pipe_ends) == 0);
	p = peer_start(hold);
	for (phase = 1; phase <= PHASES; phase++) {
		struct call c = call_of_phase(phase);
		AWAIT(board.phase == phase);
		await_syscall(p.pid, c.number);
		disturb_times(p.pid, 10);
		if (c.by_pipe)
			CHECK(write(pipe_ends[1], "x", 1) == 1);
		else if (c.number == SYS_futex)
			AWAIT(syscall(SYS_futex, &board.woken, FUTEX_WAKE, 1, NULL, NULL, 0) == 1);
	}
	CHECK(peer_status(&p) == 0);
	return 0;
}
