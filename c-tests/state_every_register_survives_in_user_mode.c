/*
 * A target computes in user mode with known values in all general and vector
 * registers and in the control words, while hundreds of mappings are made and
 * removed. No register changes, nor the stack below and above the stack pointer,
 * red zone included. Among the values of the register in which a call has its
 * result are those that in a call would mean "restart me".
 */
#include "holding.h"

static const uint64_t result_values[] = { 0x1234567890abcdef, -512, -513, -514, -516, -4, 9, 219, -1, 0 };
enum { PHASES = sizeof result_values / sizeof *result_values };

static int hold(int channel)
{
	unsigned phase;
	(void)channel;
	set_the_rest();
	for (phase = 1; phase <= PHASES; phase++) {
		board_fill(phase);
		board.want[RESULT] = (general)result_values[phase - 1];
		board.stop = 0;
		board.phase = phase;
		hold_in_user_mode();
		check_vectors();
		check_general(0);
		check_stack(phase);
		check_the_rest();
	}
	return 0;
}

int main(void)
{
	struct peer p;
	unsigned phase;
	int i, fd = an_object();
	board_set_up();
	p = peer_start(hold);
	for (phase = 1; phase <= PHASES; phase++) {
		AWAIT(board.phase == phase);
		await_passes();
		disturb_times(p.pid, 30);
		for (i = 0; i < 10; i++)
			disturb_by_file(p.pid, fd);
		await_passes();
		board.stop = 1;
	}
	CHECK(peer_status(&p) == 0);
	return 0;
}
