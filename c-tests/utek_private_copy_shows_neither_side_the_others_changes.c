/* share PRIVATE: a copy of the moment, apart from then on; with bits for others, too. */
#include "utek.h"

int main(void)
{
	size_t len = 3 * check_page();
	unsigned char *theirs = utek_memory(len, 40);
	struct peer p = peer_start(obedient_body);
	unsigned prots[] = { RW_SELF, RW_SELF | M_R_WORLD };
	for (size_t i = 0; i < 2; i++) {
		unsigned char *copy = utek_room(len);
		peer_write(&p, theirs + 5, 11 + i);
		CHECK_OK(utek_call(p.pid, theirs, copy, len, prots[i], PRIVATE));
		CHECK(copy[5] == 11 + i && memcmp(copy + 6, theirs + 6, len - 6) == 0);
		peer_write(&p, theirs + 5, 77);
		CHECK(copy[5] == 11 + i);
		copy[6] = 1;
		CHECK(peer_read(&p, theirs + 6) == theirs[6]);
	}
	peer_dismiss(&p);
	return 0;
}
