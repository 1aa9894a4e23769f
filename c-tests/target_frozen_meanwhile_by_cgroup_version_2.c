/*
 * A target's control group (version 2) is frozen and thawed again and again
 * while mappings are made and removed, so that a freeze comes at every point of
 * a call. All of them are done in the end, and the target goes on.
 *
 * runs-as: root
 * runs-alone
 */
#include "freezing.h"

int main(void)
{
	return with_group(2, check_freezing_meanwhile);
}
