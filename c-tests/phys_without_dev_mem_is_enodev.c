/*
 * Where the kernel has no /dev/mem and no file stands in for it, physical memory
 * is ENODEV, and the sentence names MMAN_PEER_PHYSMEM as the remedy. An empty
 * variable names no file.
 */
#include "physmem.h"

static void test(struct target *t)
{
	const int types[] = { MAP_SHARED, MAP_PRIVATE };
	size_t i;
	for (i = 0; i < LENGTH_OF(types); i++) {
		MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_READ, MAP_PHYS | types[i], NOFD, 0), ENODEV);
		CHECK(strstr(mman_peer_explain(), "/dev/mem") != NULL);
		CHECK(strstr(mman_peer_explain(), "MMAN_PEER_PHYSMEM") != NULL);
	}
	CHECK_FAILS(mmap_device_memory(NULL, PAGE, PROT_READ, 0, 0), MAP_FAILED, ENODEV);
}

int main(int argc, char **argv)
{
	(void)argc;
	if (access("/dev/mem", F_OK) == 0)
		check_skip("this machine has /dev/mem");
	if (getenv("MMAN_PEER_PHYSMEM") == NULL)
		own_and_peer(NULL, test);
	rerun_with(argv, "MMAN_PEER_PHYSMEM", "");
	own_and_peer(NULL, test);
	return 0;
}
