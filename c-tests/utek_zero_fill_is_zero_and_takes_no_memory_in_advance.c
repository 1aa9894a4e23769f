/* M_ZFILL and M_NFILL: zeros at the first touch, memory only for what is
 * touched; fromaddr and share are not looked at. */
#include "utek.h"

int main(void)
{
	size_t len = 64 * check_page();
	int pids[] = { M_ZFILL, M_NFILL };
	for (size_t k = 0; k < 2; k++) {
		unsigned char *area = utek_room(len), resident[64];
		CHECK_OK(utek_call(pids[k], (void *)1, area, len, RW_SELF, 42));
		CHECK(mincore(area, len, resident) == 0);
		for (size_t i = 0; i < 64; i++)
			CHECK((resident[i] & 1) == 0);
		for (size_t i = 0; i < len; i++)
			CHECK(area[i] == 0);
		area[5] = 1;
		CHECK(munmap(area, len) == 0);
	}
	return 0;
}
