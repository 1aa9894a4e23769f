/* M_PHYS: physical memory at fromaddr, shared whatever share says; past its end EMRANGE. */
#include "utek.h"

int main(void)
{
	size_t page = check_page();
	if (!getenv("MMAN_PEER_PHYSMEM")) {
		int fd = open("memory", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
		CHECK(fd != -1 && ftruncate(fd, (off_t)(4 * page)) == 0 && pwrite(fd, "p", 1, (off_t)(2 * page)) == 1);
		CHECK(setenv("MMAN_PEER_PHYSMEM", "memory", 1) == 0);
		execl("/proc/self/exe", "utek_physical", NULL);
		CHECK(!"exec");
	}
	unsigned char *a = utek_room(page), *b = utek_room(page), *c = utek_room(page);
	CHECK_OK(utek_call(M_PHYS, (void *)(2 * page), a, page, RW_SELF, PRIVATE));
	CHECK_OK(utek_call(M_PHYS, (void *)(2 * page), b, page, M_R_SELF, SHARED));
	CHECK(a[0] == 'p');
	a[1] = 'q';
	CHECK(b[1] == 'q');
	CHECK_FAILS(utek_call(M_PHYS, (void *)(4 * page), c, page, RW_SELF, SHARED), -1, EMRANGE);
	CHECK_FAILS(utek_call(M_PHYS, (void *)(2 * page), a, page, RW_SELF, SHARED), -1, EMCOLLIDE);
	CHECK(!utek_is_mapped(c));
	return 0;
}
