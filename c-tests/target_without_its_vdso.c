/*
 * A target has removed its vdso, or put something else in its place; the
 * kernel's auxiliary vector still names the old address. Mappings are made all
 * the same, asleep and in user mode.
 */
#include "disturb.h"
#include <sys/auxv.h>

static struct { atomic_int phase, stop; } *shared;

enum { REMOVED, REPLACED, VARIANTS };

/* Its pages may be two or one, by their size, and what lies behind is the loader. */
static size_t mapping_length(const char *start)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long from, to;
	char line[512];
	CHECK(maps != NULL);
	while (fgets(line, sizeof line, maps))
		if (sscanf(line, "%lx-%lx", &from, &to) == 2 && from == (unsigned long)start) {
			fclose(maps);
			return to - from;
		}
	CHECK(!"it is in the list");
	return 0;
}

/* Without the vdso, libc's clocks would crash: raw system calls only. */
static int target_body(int channel, int variant)
{
	char *vdso = (char *)getauxval(AT_SYSINFO_EHDR), word[sizeof(uintptr_t)];
	size_t size = mapping_length(vdso);
	CHECK(munmap(vdso, size) == 0);
	if (variant == REPLACED) {
		CHECK(mmap(vdso, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == vdso);
		memset(vdso, 0xcc, size);
	}
	shared->phase = 1;
	while (!shared->stop)
		;
	return recv(channel, word, sizeof word, 0) == sizeof word ? 0 : 1;
}
static int removed(int channel) { return target_body(channel, REMOVED); }
static int replaced(int channel) { return target_body(channel, REPLACED); }

int main(void)
{
	int (*const bodies[VARIANTS])(int) = { removed, replaced };
	int variant;
	if (getauxval(AT_SYSINFO_EHDR) == 0)
		check_skip("this kernel gives no vdso");
	shared = shared_memory(sizeof *shared);
	for (variant = 0; variant < VARIANTS; variant++) {
		struct peer p = peer_start(bodies[variant]);
		AWAIT(shared->phase == 1);
		disturb_times(p.pid, 10);
		shared->stop = 1;
		await_syscall(p.pid, CALL_OF_RECV);
		disturb_times(p.pid, 10);
		tell_word(p.channel, 0);
		CHECK(peer_status(&p) == 0);
		shared->phase = shared->stop = 0;
	}
	return 0;
}
