/* VME spaces through windows: a stand-in directory has four; the fifth range
 * finds none free. Without a device or a stand-in: ENODEV. */
#include "utek.h"

static int with_stand_in(void)
{
	size_t page = check_page();
	unsigned char *rooms[5], byte;
	int pids[] = { M_VME, M_VMESTD, M_VMESHORT, M_VMEEXT };
	uintptr_t addresses[] = { 0xfd000000u, 0x200000u, 0, 0x1000000u - page };
	char name[64];
	for (int i = 0; i < 5; i++)
		rooms[i] = utek_room(page);
	/* The VME range may not cross 16 Mbyte, nor leave its space. */
	CHECK_FAILS(utek_call(M_VME, (void *)(0x1000000u - page), utek_room(2 * page), 2 * page, 0, SHARED), -1, EMRANGE);
	CHECK_FAILS(utek_call(M_VMESHORT, (void *)0x10000, rooms[0], page, 0, SHARED), -1, EMRANGE);
	/* prot and share are not looked at: to be read and written. */
	for (int i = 0; i < 4; i++) {
		CHECK_OK(utek_call(pids[i], (void *)addresses[i], rooms[i], page, 0x7000, PRIVATE));
		rooms[i][3] = (unsigned char)(70 + i);
		snprintf(name, sizeof name, "%s/m%d", getenv("MMAN_PEER_VME"), i);
		int fd = open(name, O_RDONLY | O_CLOEXEC | O_LARGEFILE);
		CHECK(fd != -1 && pread64(fd, &byte, 1, (off64_t)addresses[i] + 3) == 1 && byte == 70 + i);
		close(fd);
	}
	CHECK_FAILS(utek_call(M_VME, NULL, rooms[4], page, 0, SHARED), -1, EAGAIN);
	CHECK(!utek_is_mapped(rooms[4]));
	return 0;
}

int main(void)
{
	if (getenv("MMAN_PEER_VME"))
		return with_stand_in();
	if (access("/dev/bus/vme/m0", F_OK) != 0)
		CHECK_FAILS(utek_call(M_VME, NULL, utek_room(check_page()), check_page(), 0, SHARED), -1, ENODEV);
	char directory[] = "vmeXXXXXX", name[64];
	CHECK(mkdtemp(directory) != NULL);
	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof name, "%s/m%d", directory, i);
		CHECK(close(open(name, O_CREAT | O_RDWR, 0600)) == 0);
	}
	CHECK(setenv("MMAN_PEER_VME", directory, 1) == 0);
	execl("/proc/self/exe", "utek_vme", NULL);
	CHECK(!"exec");
	return 1;
}
