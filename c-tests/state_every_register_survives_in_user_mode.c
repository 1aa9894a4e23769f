/*
 * A target computes in user mode with known values in all general and vector
 * registers, in the x87 unit and in the control words, while hundreds of
 * mappings are made and removed. No register changes, nor the stack below and
 * above the stack pointer, red zone included. Among the values of rax are those
 * that in a system call would mean "restart me".
 */
#include "holding.h"

static const uint64_t rax_values[] = { 0x1234567890abcdef, -512, -513, -514, -516, -4, 9, 219, -1, 0 };
enum { PHASES = sizeof rax_values / sizeof *rax_values };

static int hold(int channel)
{
	unsigned phase;
	(void)channel;
#if defined(__x86_64__)
	unsigned long base;
	CHECK(syscall(SYS_arch_prctl, ARCH_SET_GS, 0x123456789000) == 0);
#else
	const uint16_t gs = selector_gs();      /* the thread's storage */
#endif
	__asm__ volatile("mov %0, %%ds; mov %0, %%es" :: "r"((uint16_t)0x2b));
	for (phase = 1; phase <= PHASES; phase++) {
		board_fill(phase);
		board.want[RAX] = (general)rax_values[phase - 1];
		board.stop = 0;
		board.phase = phase;
		hold_in_user_mode();
		check_general(0);
		check_vectors();
		check_stack(phase);
		CHECK(selector_ds() == 0x2b && selector_es() == 0x2b);
#if defined(__x86_64__)
		CHECK(syscall(SYS_arch_prctl, ARCH_GET_GS, &base) == 0 && base == 0x123456789000);
#else
		CHECK(selector_gs() == gs);
#endif
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
