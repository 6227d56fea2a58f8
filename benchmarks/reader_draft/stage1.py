from train import *
torch.set_num_threads(2); torch.manual_seed(1); rng=random.Random(1)
data=[]
for s in ('shifts_wiki','shifts_amazon','shifts_reddit'):
    data+=examples(s,rng,.6)+hard_negatives(s,rng,.2)
rows=[r for x in data if (r:=encode(*x[:3],rng))]
print(len(rows),sum(r[2]==0 for r in rows),'mean len',np.mean([len(r[0]) for r in rows]),flush=True)
ev=[r for x in rng.sample(examples('squad2_dev_half',rng,0),600) if (r:=encode(*x[:3],rng))]
m=Reader()
run(m,rows,len(rows)//32,1.5e-4,32,rng,ev,'stage1',freeze=0,ckpt='stage1.pt')
print('final',evaluate(m,ev))
