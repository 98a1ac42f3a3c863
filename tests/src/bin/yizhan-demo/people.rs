//! Names.

use yizhan_tests::chance::Chance;

const FAMILY: [&str; 20] = [
    "李", "王", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "马", "朱", "胡", "郭",
    "何", "林", "罗", "高",
];
const GIVEN: [&str; 20] = [
    "建国", "志强", "秀英", "桂兰", "伟", "磊", "洋", "勇", "艳", "军", "杰", "娟", "涛", "明",
    "超", "霞", "平", "刚", "文", "红梅",
];

/// Somebody's name.
pub(crate) fn name(chance: &mut Chance) -> String {
    format!("{}{}", chance.pick(&FAMILY), chance.pick(&GIVEN))
}
