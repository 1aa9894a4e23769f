/* PROT_EXEC reaches the target: it calls a function that stands in the caller's object. */
#include "target.h"

#if defined(__x86_64__) || defined(__i386__)
static const unsigned char answer_42[] = { 0xb8, 42, 0, 0, 0, 0xc3 };	/* mov $42, %eax; ret */
#elif defined(__aarch64__)
static const unsigned char answer_42[] = { 0x40, 5, 0x80, 0x52, 0xc0, 3, 0x5f, 0xd6 };	/* mov w0, #42; ret */
#elif defined(__riscv)
static const unsigned char answer_42[] = { 0x13, 5, 0xa0, 2, 0x67, 0x80, 0, 0 };	/* li a0, 42; ret */
#endif

static int call(uintptr_t address)
{
	return ((int (*)(void))address)();
}

static int body(int channel)
{
	tell_word(channel, (uintptr_t)call(hear_word(channel)));
	return 0;
}

int main(void)
{
	int fd = memfd_of(1);
	unsigned char *a;
	struct peer p = peer_start(body);

	CHECK(pwrite(fd, answer_42, sizeof answer_42, 64) == sizeof answer_42);
	CHECK_MAPS(a, mmap_peer(getpid(), NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 64));
	CHECK(call((uintptr_t)a) == 42);
	CHECK_OK(munmap_peer(getpid(), a, PAGE));
	CHECK_MAPS(a, mmap_peer(p.pid, NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 64));
	tell_word(p.channel, (uintptr_t)a);
	CHECK(hear_word(p.channel) == 42);
	CHECK(peer_status(&p) == 0);
	return 0;
}
