/* The kernel makes one mapping of an area and of the library's variables before
 * it, if they touch. The area can be shared and mapped to itself all the same;
 * what the call itself runs on cannot, and its refusal says so. */
#include "utek.h"
#include "loading.h"

/* The bounds of the mapping that holds an address. */
static void bounds_of(const void *of, unsigned char **start, unsigned char **its_end)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long from, to, end = 0;
	char line[512];
	CHECK(maps != NULL);
	while (end == 0 && fgets(line, sizeof line, maps)) {
		CHECK(sscanf(line, "%lx-%lx", &from, &to) == 2);
		if (from <= (uintptr_t)of && (uintptr_t)of < to)
			end = to;
	}
	fclose(maps);
	CHECK(end != 0);
	*start = (unsigned char *)from;
	*its_end = (unsigned char *)end;
}

/* Where the copy's variables end, which have no file behind them and come last. */
static unsigned char *end_of_variables(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long from, to, end = 0;
	char line[512];
	CHECK(maps != NULL);
	while (fgets(line, sizeof line, maps)) {
		CHECK(sscanf(line, "%lx-%lx", &from, &to) == 2);
		if (strstr(line, "another.so") || (end == from && strstr(line, "rw-p 00000000 00:00 0")))
			end = to;
	}
	fclose(maps);
	CHECK(end != 0);
	return (unsigned char *)end;
}

int main(void)
{
	size_t page = check_page(), len = 2 * page, spacer = 1 << 20;
	unsigned char on_the_stack[16], *frame = (unsigned char *)((uintptr_t)on_the_stack & ~(page - 1));
	unsigned char *seen, *before, *end, *area, *low, *high;
	int (*call)(int, char *, char *, unsigned, unsigned, unsigned);
	const char *(*explain)(void);
	void *handle;
	int refused = 0;
	copy_library("./another.so");
	/* The loader maps below what was mapped last: behind it will be room. */
	before = mmap(NULL, spacer, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	handle = dlopen("./another.so", RTLD_NOW | RTLD_LOCAL);
	CHECK(before != MAP_FAILED && handle != NULL);
	*(void **)&call = dlsym(handle, "utek_mmap");
	*(void **)&explain = dlsym(handle, "mman_peer_explain");
	CHECK(call != NULL && explain != NULL);
	end = end_of_variables();
	CHECK(munmap(before, spacer) == 0);
	seen = utek_room(len);
	for (int in_place = 0; in_place < 2; in_place++) {
		unsigned char *other = in_place ? NULL : seen;
		area = mmap(end, len, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | (in_place ? MAP_FIXED : MAP_FIXED_NOREPLACE), -1, 0);
		CHECK(area == end);
		bounds_of(end - 1, &low, &high);
		CHECK(high == end + len);
		memset(area, 6, len);
		unsigned prot = in_place ? RW_SELF | M_R_USER : RW_SELF;
		if (call(M_SELF, (char *)area, (char *)(other ? other : area), (unsigned)len, prot, SHARED) != 0) {
			fprintf(stderr, "%s\n", explain());
			CHECK(!"an area is shared whose neighbour is the library");
		}
		area[len - 1] = 7;
		CHECK(area[0] == 6 && (!other || (other[0] == 6 && other[len - 1] == 7)));
		bounds_of(end - 1, &low, &high);
		CHECK(high == end);
		CHECK(!other || munmap(other, len) == 0);
	}
	/* The library's variables are among what a call runs on: in which of its mappings
	 * they lie is the linker's affair. */
	for (end = high; refused == 0; end = low) {
		bounds_of(end - 1, &low, &high);
		seen = utek_room((size_t)(high - low));
		if (call(M_SELF, (char *)low, (char *)seen, (unsigned)(high - low), RW_SELF, SHARED) == -1) {
			CHECK(errno == ENOTSUP && !utek_is_mapped(seen));
			refused = strstr(explain(), "runs on") != NULL;
		}
	}
	seen = utek_room(page);
	CHECK_FAILS(utek_call(M_SELF, frame, seen, page, RW_SELF, SHARED), -1, ENOTSUP);
	return 0;
}
