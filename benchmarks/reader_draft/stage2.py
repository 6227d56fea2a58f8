from train_b import *
import sys, pickle
mode=sys.argv[1]   # fold number or 'all'
torch.set_num_threads(2); torch.manual_seed(1); rng=random.Random(5)
sq=examples('squad2_dev_half',rng,.25)
docs=sorted({x[3] for x in sq}); held=set() if mode=='all' else {d for i,d in enumerate(docs) if i%2==int(mode)}
train=[x for x in sq if x[3] not in held]
extra=[]
for s in ('shifts_wiki','shifts_amazon','shifts_reddit'):
    e=examples(s,rng,.3)+hard_negatives(s,rng,.1); extra+=rng.sample(e,len(train)//6)
rows=[r for x in train*1+extra if (r:=encode(*x[:3],rng))]
rows2=[r for x in train if (r:=encode(*x[:3],rng))]
data=rows+rows2
ev=[] if mode=='all' else [r for x in rng.sample([x for x in examples('squad2_dev_half',random.Random(1),0) if x[3] in held],500) if (r:=encode(*x[:3],rng,112))]
print(len(data),len(ev),flush=True)
m=Reader(); m.load_state_dict(torch.load('stage1b.pt'))
run(m,data,len(data)//32,8e-5,32,rng,ev,f'stage2-{mode}',freeze=1,log=50,ckpt=f'stage2-{mode}.pt')
if ev: print('final',evaluate(m,ev))
